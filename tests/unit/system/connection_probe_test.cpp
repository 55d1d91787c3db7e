// SPDX-License-Identifier: MIT
#include "agent/system/connection_probe.hpp"

#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/loopback_listener.hpp"

namespace tollgate::agent {
namespace {

const IpAddress kLoopback = *IpAddress::parse("127.0.0.1");

bool succeeds_soon(ConnectionProbe& probe) {
    using namespace std::chrono_literals;
    for (int i = 0; i < 50; ++i) {
        if (probe.poll()) {
            return true;
        }
        std::this_thread::sleep_for(2ms);
    }
    return false;
}

TEST(ConnectionProbe, WithoutPlacesSucceedsAtOnce) {
    ConnectionProbe probe{{}};
    EXPECT_TRUE(probe.poll());
    EXPECT_EQ(probe.missing(), "");
}

TEST(ConnectionProbe, SucceedsOnceEveryPlaceHasAccepted) {
    test::LoopbackListener first;
    test::LoopbackListener second;
    second.close();
    ConnectionProbe probe{{{kLoopback, first.port()}, {kLoopback, second.port()}}};
    EXPECT_FALSE(succeeds_soon(probe));
    EXPECT_EQ(probe.missing(), "127.0.0.1:" + std::to_string(second.port()));
    second.listen();
    EXPECT_TRUE(succeeds_soon(probe));
    EXPECT_EQ(probe.missing(), "");
}

TEST(ConnectionProbe, AfterARestartOnlyNewConnectionsCount) {
    test::LoopbackListener place;
    ConnectionProbe probe{{{kLoopback, place.port()}}};
    EXPECT_TRUE(succeeds_soon(probe));
    place.close();
    EXPECT_TRUE(probe.poll());
    probe.restart();
    EXPECT_FALSE(succeeds_soon(probe));
}

TEST(ConnectionProbe, NamesPlacesOfIpv6InBrackets) {
    const ConnectionProbe probe{{{*IpAddress::parse("2001:db8::1"), 443}, {kLoopback, 1}}};
    EXPECT_EQ(probe.missing(), "[2001:db8::1]:443, 127.0.0.1:1");
}

}  // namespace
}  // namespace tollgate::agent

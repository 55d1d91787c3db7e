// SPDX-License-Identifier: MIT
// The kernel gives each packet of the host to the queue of the peer that has its destination.
#include "agent/datapath/tunnel_queue.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <poll.h>

#include <gtest/gtest.h>

#include "agent/tunnel/tun_port.hpp"
#include "tests/support/netns.hpp"

namespace tollgate::test {
namespace {

using agent::TunPort;

constexpr std::size_t kQueues = 3;

class TunnelQueue : public RootTest {
  protected:
    void SetUp() override {
        RootTest::SetUp();
        if (IsSkipped()) {
            return;
        }
        host = std::make_unique<NetworkNamespace>("queue");
        steering = agent::open_queue_steering().value();
        const Inside there{*host};
        run_command({"sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=0"});
        ports.push_back(TunPort::open({.name = "tun0", .queues = TunPort::Queues::first}).value());
        ASSERT_TRUE(ports.front()->steer(steering->program()));
        while (ports.size() < kQueues) {
            ports.push_back(
                TunPort::open({.name = "tun0", .queues = TunPort::Queues::further}).value());
        }
        host->ip({"addr", "add", "10.0.0.254/8", "dev", "tun0"});
        host->ip({"addr", "add", "fd00::254/8", "dev", "tun0", "nodad"});
    }

    void steer(const std::string& prefix, std::uint32_t queue) {
        ASSERT_TRUE(steering->put(*Prefix::parse(prefix), queue));
    }
    /// The queue by which a datagram of the host comes; nothing: none.
    std::optional<std::size_t> queue_to(const std::string& address) {
        const IpAddress wanted = *IpAddress::parse(address);
        const Inside there{*host};
        run_command({"python3",
                     "-c",
                     "import socket, sys; a = sys.argv[1]\n"
                     "socket.socket(socket.AF_INET6 if ':' in a else socket.AF_INET, "
                     "socket.SOCK_DGRAM).sendto(b'x', (a, 9))",
                     address});
        for (int patience = 0; patience < 100; ++patience) {
            for (std::size_t i = 0; i < ports.size(); ++i) {
                if (receives(*ports[i], wanted)) {
                    return i;
                }
            }
        }
        return std::nullopt;
    }
    static bool receives(TunPort& port, const IpAddress& wanted) {
        pollfd ready{.fd = port.descriptor(), .events = POLLIN, .revents = 0};
        ::poll(&ready, 1, 1);
        while (const auto packet = port.receive()) {
            if (packet->destination() == wanted) {
                return true;
            }
        }
        return false;
    }

    std::unique_ptr<NetworkNamespace> host;
    std::unique_ptr<agent::QueueSteering> steering;
    std::vector<std::unique_ptr<TunPort>> ports;
};

TEST_F(TunnelQueue, TheLongestPrefixDecidesInBothFamilies) {
    steer("10.1.0.0/16", 1);
    steer("10.1.2.0/24", 2);
    steer("10.1.2.3", 1);
    steer("fd01::/16", 2);
    steer("fd01::7", 1);
    EXPECT_EQ(queue_to("10.1.0.1"), 1U);
    EXPECT_EQ(queue_to("10.1.2.1"), 2U);
    EXPECT_EQ(queue_to("10.1.2.3"), 1U);
    EXPECT_EQ(queue_to("fd01::1"), 2U);
    EXPECT_EQ(queue_to("fd01::7"), 1U);
}

TEST_F(TunnelQueue, WhatNobodyHasComesByTheFirstQueue) {
    steer("10.1.0.0/16", 1);
    EXPECT_EQ(queue_to("10.2.0.1"), 0U);
    EXPECT_EQ(queue_to("fd02::1"), 0U);
}

TEST_F(TunnelQueue, APrefixMovesAndGoes) {
    steer("10.1.0.0/16", 1);
    EXPECT_EQ(queue_to("10.1.0.1"), 1U);
    steer("10.1.0.0/16", 2);
    EXPECT_EQ(queue_to("10.1.0.1"), 2U);
    steering->remove(*Prefix::parse("10.1.0.0/16"));
    EXPECT_EQ(queue_to("10.1.0.1"), 0U);
}

TEST_F(TunnelQueue, EachTunnelHasPrefixesOfItsOwn) {
    const auto other = agent::open_queue_steering().value();
    ASSERT_TRUE(other->put(*Prefix::parse("10.1.0.0/16"), 2));
    EXPECT_EQ(queue_to("10.1.0.1"), 0U);
}

}  // namespace
}  // namespace tollgate::test

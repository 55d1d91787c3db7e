// SPDX-License-Identifier: MIT
#include <chrono>

#include <gtest/gtest.h>

#include "tests/support/frame.hpp"
#include "tests/support/frame_sender.hpp"
#include "tests/support/gate_lab.hpp"

namespace tollgate::test {
namespace {

class Load : public GateLab {};

TEST_F(Load, EveryFrameIsJudgedAndTheRateIsBounded) {
    protect();
    const auto datagram = [](std::uint64_t i) {
        const auto source = static_cast<std::uint16_t>(40'000 + i / 2 % 16);
        return ip_frame(
            {.source = ip("192.0.2.1"), .destination = ip("192.0.2.2"), .protocol = IPPROTO_UDP},
            udp({.source = source, .destination = i % 2 != 0 ? kOpenPort : kClosedPort}));
    };
    const auto before = gate->interface_counters(0, TG_INGRESS).value();
    {
        const Inside there{*peer};
        const auto sender = FrameSender::open("eth0").value();
        const auto took = sender.send(32'000, 50'000, datagram);
        ASSERT_TRUE(took) << took.error().message();
        EXPECT_GE(*took, std::chrono::milliseconds{640});
    }
    const auto after = gate->interface_counters(0, TG_INGRESS).value();
    EXPECT_EQ(after.passed_packets - before.passed_packets, 16'000U);
    EXPECT_EQ(after.drops[TG_DROP_POLICY_DEFAULT] - before.drops[TG_DROP_POLICY_DEFAULT], 16'000U);
    EXPECT_EQ(gate->tables().at(1).used, 16U) << "embryos, one for each source";
}

}  // namespace
}  // namespace tollgate::test

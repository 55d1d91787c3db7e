// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <set>

#include <arpa/inet.h>

#include <gtest/gtest.h>

#include "policy/compile.hpp"
#include "tests/differential/loaded_gate.hpp"
#include "tests/differential/required.hpp"
#include "tests/support/talk.hpp"

namespace tollgate::test {
namespace {

using policy::Direction;

constexpr std::uint32_t kFloodFrames = 5'000'000;
constexpr std::uint32_t kFlows = 10'000;
constexpr std::uint16_t kOpenPort = 443;

// The tables have their default sizes.
class SynFlood : public testing::Test {
  protected:
    void SetUp() override {
        auto loaded = LoadedGate::load({.flows = TG_FLOWS_MAX, .embryos = TG_EMBRYOS_MAX});
        TOLLGATE_REQUIRE(loaded);
        gate = *std::move(loaded);
        const auto compiled = policy::compile(
            policy_of({allow("web", Direction::ingress, {service(IPPROTO_TCP, kOpenPort)})}),
            policy::WallTime{});
        ASSERT_TRUE(compiled);
        agent::NewGeneration generation;
        generation.policy = &*compiled;
        generation.number = 1;
        ASSERT_TRUE(gate->switch_to(generation));
    }

    // A flow that a real handshake has established.
    Talk connect(std::uint32_t number) {
        Talk talk;
        talk.remote.bytes[14] = static_cast<std::uint8_t>(number >> 8U);
        talk.remote.bytes[15] = static_cast<std::uint8_t>(number);
        talk.remote_port = 50000;
        talk.local_port = kOpenPort;
        EXPECT_TRUE(passes(talk.tcp(Direction::ingress, {kSyn, 1}), Direction::ingress));
        EXPECT_TRUE(passes(talk.tcp(Direction::egress, {kSyn | kAck, 70, 2}), Direction::egress));
        EXPECT_TRUE(passes(segment(talk), Direction::ingress));
        return talk;
    }
    static Bytes segment(const Talk& talk) { return talk.tcp(Direction::ingress, {kAck, 2, 71}); }

    bool passes(const Bytes& frame, Direction direction) {
        const auto passed = gate->run_uncounted(frame, direction);
        return passed && *passed;
    }

    // SYNs from as many different addresses and ports of 11.0.0.0/8. @return how many pass
    std::uint32_t flood(std::uint32_t frames) {
        Talk talk;
        talk.remote = ip("11.0.0.1");
        talk.local_port = kOpenPort;
        Bytes frame = talk.tcp(Direction::ingress, {kSyn});
        std::uint32_t passed = 0;
        for (std::uint32_t i = 0; i < frames; ++i) {
            const std::uint32_t tuple = i * 2'654'435'761U;  // odd: each tuple once
            put8(frame, 14 + 13, tuple >> 24U);
            put16(frame, 14 + 14, (tuple >> 8U) & 0xffffU);
            put16(frame, 14 + 20, 1024 + (tuple & 0xffU));
            fill_ipv4_checksum(frame, 14);
            passed += passes(frame, Direction::ingress) ? 1U : 0U;
        }
        return passed;
    }

    [[nodiscard]] std::set<std::uint32_t> established() const {
        std::set<std::uint32_t> remotes;
        for (const tg_flow_key& key : gate->flows("flows")) {
            remotes.insert(std::uint32_t{key.remote[14]} << 8U | key.remote[15]);
        }
        return remotes;
    }

    std::unique_ptr<LoadedGate> gate;
};

// Case P41
TEST_F(SynFlood, OfFiveMillionTuplesEvictsNoEstablishedFlow) {
    std::vector<Talk> talks;
    for (std::uint32_t i = 0; i < kFlows; ++i) {
        talks.push_back(connect(i));
    }
    const auto before = established();
    ASSERT_EQ(before.size(), kFlows);

    EXPECT_EQ(flood(kFloodFrames), kFloodFrames);

    EXPECT_EQ(established(), before);
    const std::size_t embryos = gate->flows("embryos").size();
    std::cout << kFloodFrames << " tuples, " << embryos << " of them left in embryos; "
              << before.size() << " flows before, " << established().size() << " after\n";
    EXPECT_LE(embryos, TG_EMBRYOS_MAX);
    EXPECT_GT(embryos, 0U);
    const auto alive = std::count_if(talks.begin(), talks.end(), [&](const Talk& talk) {
        return passes(segment(talk), Direction::ingress);
    });
    EXPECT_EQ(alive, kFlows);
}

}  // namespace
}  // namespace tollgate::test

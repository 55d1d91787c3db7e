// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "agent/system/boot_clock.hpp"
#include "tests/support/gate_lab.hpp"

namespace tollgate::test {
namespace {

using agent::boot_time_ns;
using std::chrono::milliseconds;

class Generation : public GateLab {
  protected:
    static constexpr std::uint64_t kMilliseconds = 1'000'000;
    /// Allows what policy_for_port(kOpenPort) denies and denies what it allows.
    const policy::CompiledPolicy other = policy_for_port(kClosedPort);
};

// Case C13
TEST_F(Generation, OneWriteSwapsThePolicy) {
    protect();
    ASSERT_TRUE(load(other));
    EXPECT_FALSE(reaches(kOpenPort));
    EXPECT_TRUE(reaches(kClosedPort));
    EXPECT_EQ(gate->generation().value().number, number);
}

// Case L01
TEST_F(Generation, TheKernelAloneRevertsAtTheDeadline) {
    protect();
    ASSERT_TRUE(load(other, TG_STAGE_ENFORCE, boot_time_ns() + 700 * kMilliseconds));
    EXPECT_TRUE(reaches(kClosedPort));
    kill();
    std::this_thread::sleep_for(milliseconds{700});
    EXPECT_FALSE(reaches(kClosedPort));
    EXPECT_TRUE(reaches(kOpenPort));
    open();
    EXPECT_EQ(gate->generation().value().number, number - 1);
    EXPECT_EQ(gate->confirm().error().code.value(), ETIMEDOUT);
}

TEST_F(Generation, OnceConfirmedItStays) {
    protect();
    ASSERT_TRUE(load(other, TG_STAGE_ENFORCE, boot_time_ns() + 300 * kMilliseconds));
    ASSERT_TRUE(gate->confirm());
    std::this_thread::sleep_for(milliseconds{400});
    EXPECT_TRUE(reaches(kClosedPort));
    EXPECT_FALSE(reaches(kOpenPort));
}

TEST_F(Generation, AfterADeadlineTheNextOneFallsBackToTheOneInForce) {
    protect();
    ASSERT_TRUE(load(other, TG_STAGE_ENFORCE, boot_time_ns() + 1));
    const auto in_force = gate->generation().value().number;
    ASSERT_TRUE(load(other, TG_STAGE_ENFORCE, boot_time_ns() + 60'000 * kMilliseconds));
    EXPECT_TRUE(reaches(kClosedPort));
    ASSERT_TRUE(gate->revert(++number));
    EXPECT_EQ(in_force, 1U);
    EXPECT_EQ(gate->generation().value().number, number);
    EXPECT_TRUE(reaches(kOpenPort));
    EXPECT_FALSE(reaches(kClosedPort));
}

TEST_F(Generation, AThirdOneTakesThePlaceOfTheUnconfirmedSecond) {
    protect();
    ASSERT_TRUE(load(other, TG_STAGE_ENFORCE, boot_time_ns() + 60'000 * kMilliseconds));
    ASSERT_TRUE(
        load(policy_for_port(9002), TG_STAGE_ENFORCE, boot_time_ns() + 300 * kMilliseconds));
    EXPECT_TRUE(reaches(9002));
    std::this_thread::sleep_for(milliseconds{300});
    EXPECT_TRUE(reaches(kOpenPort));
    EXPECT_FALSE(reaches(kClosedPort));
}

TEST_F(Generation, KeepsTheTablesWhenOnlyTheStageChanges) {
    protect();
    kill();  // the tables of an earlier agent, too
    open();
    agent::NewGeneration audit;
    audit.stage.fill(TG_STAGE_AUDIT);
    audit.number = ++number;
    ASSERT_TRUE(gate->switch_to(audit));
    EXPECT_TRUE(reaches(kClosedPort));
    agent::NewGeneration enforce;
    enforce.number = ++number;
    ASSERT_TRUE(gate->switch_to(enforce));
    EXPECT_FALSE(reaches(kClosedPort));
    EXPECT_TRUE(reaches(kOpenPort));
}

TEST_F(Generation, AFailedSwitchLeavesTheOneInForce) {
    protect();
    auto too_large = other;
    too_large.rules.resize(TG_RULES_MAX + 1);
    EXPECT_EQ(load(too_large).error().code.value(), ENOSPC);
    auto incomplete = other;
    incomplete.port_classes[TG_LINK_TUNNEL][TG_INGRESS].clear();
    EXPECT_EQ(load(incomplete).error().code.value(), EINVAL);
    EXPECT_EQ(gate->generation().value().number, 1U);
    EXPECT_TRUE(reaches(kOpenPort));
    EXPECT_FALSE(reaches(kClosedPort));
}

TEST_F(Generation, ANumberIsNeverUsedTwice) {
    protect();
    number = 0;
    EXPECT_EQ(load(other).error().code.value(), EINVAL);
    EXPECT_EQ(gate->bump(0).error().code.value(), EINVAL);
    EXPECT_EQ(gate->revert(1).error().code.value(), EINVAL);
}

TEST_F(Generation, TheFirstOneHasNothingToFallBackTo) {
    open();
    EXPECT_EQ(gate->generation().error().code.value(), ENODATA);
    EXPECT_EQ(load(other, TG_STAGE_ENFORCE, boot_time_ns() + kMilliseconds).error().code.value(),
              EINVAL);
    ASSERT_TRUE(load(other));
    EXPECT_EQ(gate->revert(++number).error().code.value(), ENODATA);
}

TEST_F(Generation, OpenLetsEverythingThroughAndClosesAgain) {
    protect();
    ASSERT_TRUE(gate->set_open(true));
    EXPECT_NE(gate->control().value().open, 0U);
    EXPECT_TRUE(reaches(kClosedPort));
    ASSERT_TRUE(gate->set_open(false));
    EXPECT_FALSE(reaches(kClosedPort));
}

TEST_F(Generation, OpenActsWithoutTheAgent) {
    protect();
    ASSERT_TRUE(gate->set_open(true));
    kill();
    EXPECT_TRUE(reaches(kClosedPort));
}

TEST_F(Generation, ABlockedAddressIsRevokedByABump) {
    protect();
    const Prefix peer_address = Prefix::parse("192.0.2.1").value();
    const UdpSocket server{*host, kOpenPort};
    const UdpSocket client{*peer, 0};
    const auto arrives = [&] {
        EXPECT_TRUE(client.send("192.0.2.2", kOpenPort, "x"));
        return server.receive() == "x";
    };
    EXPECT_TRUE(arrives());
    ASSERT_TRUE(gate->blocklist_add({&peer_address, 1}));
    ASSERT_TRUE(gate->bump(number + 1));
    EXPECT_EQ(gate->generation().value().number, number + 1);
    EXPECT_FALSE(arrives());
    ASSERT_TRUE(gate->blocklist_remove({&peer_address, 1}));
    EXPECT_TRUE(arrives());
}

TEST_F(Generation, AnExpiredRuleAdmitsNothing) {
    open();
    auto expired = policy_for_port(kOpenPort);
    const auto now_s = static_cast<std::uint64_t>(agent::wall_time_ns() / 1'000'000'000);
    for (tg_rule& rule : expired.rules) {
        rule.expires_ns = now_s + 2;
    }
    ASSERT_TRUE(load(expired));
    ASSERT_TRUE(attach());
    EXPECT_TRUE(reaches(kOpenPort));
    std::this_thread::sleep_for(milliseconds{2100});
    EXPECT_FALSE(reaches(kOpenPort));
}

TEST_F(Generation, AHundredThousandVerdictsLoad) {
    protect();
    auto large = policy_for_port(kOpenPort);
    for (std::uint32_t i = 0; i < 100'000; ++i) {
        tg_verdict_key key{.remote_class = i + 2, .port_class = 1, .local_class = 0};
        large.verdicts.emplace_back(key, 1U);
    }
    ASSERT_TRUE(load(large));
    EXPECT_TRUE(reaches(kOpenPort));
}

}  // namespace
}  // namespace tollgate::test

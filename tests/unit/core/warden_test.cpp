// SPDX-License-Identifier: MIT
#include "agent/core/warden.hpp"

#include <gtest/gtest.h>

#include "policy/notation.hpp"
#include "tests/support/disk_calls.hpp"
#include "tests/support/warden_lab.hpp"

namespace tollgate::agent {
namespace {

using policy::Stage;
using test::WardenLab;

TEST(Warden, BeginsInTheStageLearnWithoutRules) {
    const WardenLab lab;
    EXPECT_EQ(lab.gate->stage(), Stage::learn);
    EXPECT_EQ(lab.gate->rules(), "");
    EXPECT_EQ(lab.warden->in_force().number, 1U);
    EXPECT_EQ(lab.warden->stage_of("eth0"), Stage::learn);
}

TEST(Warden, AChangeIsInForceButNotYetForGood) {
    WardenLab lab;
    const auto changed = lab.warden->change(lab.proposal("ssh"));
    ASSERT_TRUE(changed);
    EXPECT_EQ(changed->number, 2U);
    EXPECT_EQ(lab.gate->stage(), Stage::enforce);
    EXPECT_EQ(lab.gate->rules(), "ssh");
    EXPECT_EQ(lab.warden->state().confirmed.number, 1U);
    EXPECT_EQ(lab.warden->deadline_ns(), lab.clock.boot + 120 * TG_SECOND);
}

TEST(Warden, AnUnconfirmedChangeRevertsAtItsDeadlineAndNotBefore) {
    WardenLab lab;
    ASSERT_TRUE(lab.warden->change(lab.proposal("ssh")));
    lab.clock.advance(119);
    EXPECT_FALSE(lab.warden->tick());
    EXPECT_EQ(lab.gate->stage(), Stage::enforce);
    lab.clock.advance(1);
    EXPECT_EQ(lab.gate->stage(), Stage::learn);  // the kernel does not wait for the agent
    EXPECT_TRUE(lab.warden->tick());
    EXPECT_EQ(lab.gate->stage(), Stage::learn);
    EXPECT_EQ(lab.last_outcome(), "reverted");
    EXPECT_FALSE(lab.warden->deadline_ns());
}

TEST(Warden, AConfirmedChangeStays) {
    WardenLab lab;
    lab.enforce("ssh");
    lab.clock.advance(1000);
    EXPECT_FALSE(lab.warden->tick());
    EXPECT_EQ(lab.gate->stage(), Stage::enforce);
    EXPECT_EQ(lab.last_outcome(), "active");
}

// Case L02
TEST(Warden, RefusesASecondChangeWhileOneIsPending) {
    WardenLab lab;
    ASSERT_TRUE(lab.warden->change(lab.proposal("ssh")));
    const auto second = lab.warden->change(lab.proposal("web"));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Refusal::Code::pending);
    EXPECT_EQ(lab.gate->rules(), "ssh");
}

// Case L02
TEST(Warden, RefusesToConfirmTwiceOrTooLateOrAnotherGeneration) {
    WardenLab lab;
    ASSERT_TRUE(lab.warden->change(lab.proposal("ssh")));
    EXPECT_EQ(lab.warden->confirm(7, {}).error().code, Refusal::Code::not_found);
    lab.clock.advance(120);
    EXPECT_EQ(lab.warden->confirm(std::nullopt, {}).error().code, Refusal::Code::not_found);
    EXPECT_EQ(lab.gate->stage(), Stage::learn);
    lab.enforce("ssh");
    EXPECT_EQ(lab.warden->confirm(std::nullopt, {}).error().code, Refusal::Code::not_found);
}

// Case L02
TEST(Warden, RefusesToConfirmFromTheConnectionThatMadeTheChange) {
    WardenLab lab;
    Proposal proposal = lab.proposal("ssh");
    proposal.session = {"192.0.2.7", 50000, "192.0.2.1", 22, "42.7"};
    ASSERT_TRUE(lab.warden->change(proposal));
    const auto same = lab.warden->confirm(std::nullopt, proposal.session);
    ASSERT_FALSE(same);
    EXPECT_EQ(same.error().code, Refusal::Code::same_connection);
    EXPECT_TRUE(lab.warden->confirm(std::nullopt, {"192.0.2.7", 50001, "192.0.2.1", 22, "43.1"}));
}

TEST(Warden, ComparesTerminalsWhereThereIsNoAddress) {
    const Session console{{}, 0, {}, 0, "42.7"};
    const Session other_console{{}, 0, {}, 0, "43.1"};
    EXPECT_TRUE(is_same_connection(console, console));
    EXPECT_FALSE(is_same_connection(console, other_console));
    EXPECT_FALSE(is_same_connection({}, {}));
}

TEST(Warden, ARevertTakesThePendingChangeBackAtOnce) {
    WardenLab lab;
    lab.enforce("ssh");
    ASSERT_TRUE(lab.warden->change(lab.proposal("web")));
    ASSERT_TRUE(lab.warden->revert());
    EXPECT_EQ(lab.gate->rules(), "ssh");
    EXPECT_EQ(lab.warden->policy()->policy.rules.front().name, "ssh");
    EXPECT_FALSE(lab.warden->revert());
}

TEST(Warden, TheHistoryTellsWhatBecameOfEachChange) {
    WardenLab lab;
    lab.enforce("ssh");
    lab.enforce("web");
    ASSERT_TRUE(lab.warden->change(lab.proposal("dns")));
    const auto& history = lab.warden->state().history;
    ASSERT_EQ(history.size(), 3U);
    EXPECT_EQ(history[0].state, "replaced");
    EXPECT_EQ(history[1].state, "active");
    EXPECT_EQ(history[2].state, "pending");
    EXPECT_EQ(history[2].by, "tester");
}

TEST(Warden, KeepsTheTextsOfTheLastPoliciesOnly) {
    WardenLab lab;
    for (int i = 0; i < 30; ++i) {
        lab.enforce(fmt::format("rule-{}", i));
    }
    EXPECT_EQ(lab.warden->state().history.size(), kHistoryMax);
    std::size_t files = 0;
    for (const auto& file :
         std::filesystem::directory_iterator(lab.folder.path() / "state/policies")) {
        files += file.is_regular_file() ? 1 : 0;
    }
    EXPECT_EQ(files, kHistoryMax);
}

TEST(Warden, AFailureOfTheKernelLeavesEverythingAsItWas) {
    WardenLab lab;
    lab.enforce("ssh");
    lab.gate->fails = "switch_to";
    EXPECT_FALSE(lab.warden->change(lab.proposal("web")));
    EXPECT_EQ(lab.gate->rules(), "ssh");
    EXPECT_FALSE(lab.warden->state().pending);
    lab.gate->fails.clear();
    ASSERT_TRUE(lab.start());
    EXPECT_EQ(lab.warden->policy()->policy.rules.front().name, "ssh");
}

TEST(Warden, AChangeThatTheDiskDoesNotTakeIsNotMade) {
    WardenLab lab;
    lab.enforce("ssh");
    const std::uint32_t number = lab.gate->generation()->number;
    test::DiskCalls disk;
    disk.sync_fails = true;
    EXPECT_FALSE(lab.warden->change(lab.proposal("ssh")));  // its text is there already
    EXPECT_EQ(lab.gate->generation()->number, number);
    EXPECT_FALSE(lab.warden->state().pending);
}

TEST(Warden, AFailedConfirmationLeavesTheChangePending) {
    WardenLab lab;
    ASSERT_TRUE(lab.warden->change(lab.proposal("ssh")));
    lab.gate->fails = "confirm";
    EXPECT_FALSE(lab.warden->confirm(std::nullopt, {}));
    EXPECT_TRUE(lab.warden->state().pending);
    lab.clock.advance(120);
    lab.gate->fails.clear();
    EXPECT_TRUE(lab.warden->tick());
    EXPECT_EQ(lab.gate->stage(), Stage::learn);
}

TEST(Warden, AGenerationNumberIsNeverUsedAgain) {
    WardenLab lab;
    lab.gate->fails = "switch_to";
    EXPECT_FALSE(lab.warden->change(lab.proposal("web")));
    lab.gate->fails.clear();
    const auto changed = lab.warden->change(lab.proposal("web"));
    ASSERT_TRUE(changed);
    EXPECT_EQ(changed->number, 3U);
}

TEST(Warden, OpenLetsEverythingPassUntilTheNextChange) {
    WardenLab lab;
    lab.enforce("ssh");
    ASSERT_TRUE(lab.warden->open());
    EXPECT_EQ(lab.gate->stage(), Stage::open);
    EXPECT_EQ(lab.warden->stage_of("eth0"), Stage::open);
    ASSERT_TRUE(lab.warden->change(lab.proposal("web")));
    EXPECT_EQ(lab.gate->stage(), Stage::enforce);
}

TEST(Warden, AnUnconfirmedChangeOfAnOpenGateRevertsToOpen) {
    WardenLab lab;
    lab.enforce("ssh");
    ASSERT_TRUE(lab.warden->open());
    ASSERT_TRUE(lab.warden->change(lab.proposal("web")));
    lab.clock.advance(120);
    EXPECT_EQ(lab.gate->stage(), Stage::open);  // also if the agent is dead
    EXPECT_TRUE(lab.warden->tick());
    EXPECT_EQ(lab.warden->stage_of("eth0"), Stage::open);
}

TEST(Warden, AGateThatWasOpenedPastTheAgentIsSeenAndKept) {
    WardenLab lab;
    lab.enforce("ssh");
    lab.kernel.control.open = 1;
    EXPECT_FALSE(lab.warden->tick());
    EXPECT_EQ(lab.warden->stage_of("eth0"), Stage::open);
    ASSERT_TRUE(lab.reboot());
    EXPECT_EQ(lab.gate->stage(), Stage::open);
    ASSERT_TRUE(lab.warden->change(lab.proposal("web")));
    EXPECT_EQ(lab.gate->stage(), Stage::enforce);
}

TEST(Warden, AChangeClosesAGateThatWasOpenedPastTheAgentJustNow) {
    WardenLab lab;
    lab.enforce("ssh");
    lab.kernel.control.open = 1;
    ASSERT_TRUE(lab.warden->change(lab.proposal("web")));
    EXPECT_EQ(lab.gate->stage(), Stage::enforce);
    EXPECT_FALSE(lab.warden->state().open);
    lab.clock.advance(120);
    EXPECT_TRUE(lab.warden->tick());
    EXPECT_EQ(lab.gate->stage(), Stage::open);
    EXPECT_EQ(lab.warden->stage_of("eth0"), Stage::open);
}

TEST(Warden, ARuleThatExpiresIsCompiledAwayAtThatMoment) {
    WardenLab lab;
    Proposal proposal = lab.proposal("ssh", 0);
    const auto expiry = policy::WallTime{std::chrono::seconds{lab.clock.wall_seconds() + 60}};
    proposal.policy = lab.load(test::policy_yaml(
        "ssh", "enforce", fmt::format(", expires: \"{}\"", policy::to_text(expiry))));
    ASSERT_TRUE(lab.warden->change(proposal));
    const std::uint32_t before = lab.warden->in_force().loaded_number;
    lab.clock.advance(59);
    lab.warden->tick();
    EXPECT_EQ(lab.warden->in_force().loaded_number, before);
    lab.clock.advance(1);
    lab.warden->tick();
    EXPECT_NE(lab.warden->in_force().loaded_number, before);
    EXPECT_EQ(lab.warden->in_force().number, 2U);  // for people it is the same policy
}

// Case F16
TEST(Warden, AJumpOfTheWallClockConvertsExpiriesAgain) {
    WardenLab lab;
    Proposal proposal = lab.proposal("ssh", 0);
    proposal.policy =
        lab.load(test::policy_yaml("ssh", "enforce", ", expires: \"2030-01-01T00:00:00Z\""));
    ASSERT_TRUE(lab.warden->change(proposal));
    const std::uint32_t before = lab.warden->in_force().loaded_number;
    lab.clock.wall += 3600LL * 1'000'000'000;
    lab.warden->tick();
    EXPECT_NE(lab.warden->in_force().loaded_number, before);
}

TEST(Warden, RevokingVerdictsKeepsThePendingChangeAndItsFallback) {
    WardenLab lab;
    lab.enforce("ssh");
    ASSERT_TRUE(lab.warden->change(lab.proposal("web")));
    ASSERT_TRUE(lab.warden->revoke_verdicts());
    EXPECT_EQ(lab.warden->in_force().loaded_number, lab.gate->generation()->number);
    lab.clock.advance(120);
    EXPECT_EQ(lab.warden->state().confirmed.loaded_number, lab.gate->generation()->number);
    EXPECT_TRUE(lab.warden->tick());
    EXPECT_EQ(lab.gate->rules(), "ssh");
}

TEST(Warden, ATunnelBeginsInTheStrictestStageOfTheInterfaces) {
    WardenLab lab;
    EXPECT_EQ(lab.warden->add_tunnel("wg0").value(), 1);
    EXPECT_EQ(lab.warden->stage_of("wg0"), Stage::learn);
    lab.enforce("ssh");
    EXPECT_EQ(lab.warden->add_tunnel("wg1").value(), 2);
    EXPECT_EQ(lab.warden->stage_of("wg1"), Stage::enforce);
    EXPECT_EQ(lab.gate->generation()->stage[2], TG_STAGE_ENFORCE);
    EXPECT_EQ(lab.warden->stage_of("wg0"), Stage::learn) << "its stage is its own by then";
}

TEST(Warden, ATunnelThatComesWhileAChangeIsPendingFollowsEitherWay) {
    WardenLab lab;
    ASSERT_TRUE(lab.warden->change(lab.proposal("ssh")));
    ASSERT_TRUE(lab.warden->add_tunnel("wg0"));
    EXPECT_EQ(lab.gate->generation()->stage[1], TG_STAGE_ENFORCE);
    lab.clock.advance(120);
    EXPECT_EQ(lab.gate->generation()->stage[1], TG_STAGE_LEARN);
    EXPECT_TRUE(lab.warden->tick());
    EXPECT_EQ(lab.warden->stage_of("wg0"), Stage::learn);
}

TEST(Warden, ATunnelKeepsItsZoneAndItsStageOverARestartAndAReboot) {
    WardenLab lab;
    lab.enforce("ssh");
    ASSERT_TRUE(lab.warden->add_tunnel("wg0"));
    ASSERT_TRUE(lab.start());
    EXPECT_EQ(lab.warden->add_tunnel("wg0").value(), 1);
    EXPECT_EQ(lab.warden->stage_of("wg0"), Stage::enforce);
    ASSERT_TRUE(lab.reboot());
    EXPECT_EQ(lab.warden->add_tunnel("wg0").value(), 1);
    EXPECT_EQ(lab.gate->generation()->stage[1], TG_STAGE_ENFORCE);
}

TEST(Warden, ATunnelForWhichThereIsNoZoneIsRefused) {
    WardenLab lab;
    for (int i = 1; i < TG_ZONES_MAX; ++i) {
        ASSERT_TRUE(lab.warden->add_tunnel("wg" + std::to_string(i)));
    }
    EXPECT_EQ(lab.warden->add_tunnel("wg99").error().code.value(), ENOSPC);
}

}  // namespace
}  // namespace tollgate::agent

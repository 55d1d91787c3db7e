// SPDX-License-Identifier: MIT
// The warden's beginning: restarts, crashes at the worst moments, reboots, lost and damaged state.
#include <fstream>

#include <gtest/gtest.h>

#include "agent/system/file.hpp"
#include "tests/support/disk_calls.hpp"
#include "tests/support/warden_lab.hpp"

namespace tollgate::agent {
namespace {

using policy::Stage;
using test::WardenLab;

TEST(WardenStart, ARestartAdoptsWhatTheKernelHas) {
    WardenLab lab;
    lab.enforce("ssh");
    const std::uint32_t number = lab.gate->generation()->number;
    ASSERT_TRUE(lab.start());
    EXPECT_EQ(lab.gate->generation()->number, number);
    EXPECT_EQ(lab.warden->policy()->policy.rules.front().name, "ssh");
    EXPECT_EQ(lab.warden->stage_of("eth0"), Stage::enforce);
}

TEST(WardenStart, APolicyWhoseNamesTheGateHasLostIsLoadedAgain) {
    WardenLab lab;
    lab.enforce("ssh");
    lab.kernel.has_names = {};
    ASSERT_TRUE(lab.start());
    const std::uint32_t number = lab.gate->generation()->number;
    EXPECT_FALSE(lab.warden->tick());
    EXPECT_FALSE(lab.gate->names_are_lost());
    EXPECT_GT(lab.gate->generation()->number, number);
    EXPECT_EQ(lab.gate->rules(), "ssh");
    EXPECT_EQ(lab.gate->stage(), Stage::enforce);
}

TEST(WardenStart, APendingChangeWhoseNamesTheGateHasLostIsLoadedAgainOnceConfirmed) {
    WardenLab lab;
    ASSERT_TRUE(lab.warden->change(lab.proposal("ssh")));
    lab.kernel.has_names = {};
    ASSERT_TRUE(lab.start());
    EXPECT_FALSE(lab.warden->tick());
    EXPECT_TRUE(lab.gate->names_are_lost());
    ASSERT_TRUE(lab.warden->confirm(std::nullopt, {}));
    EXPECT_FALSE(lab.warden->tick());
    EXPECT_FALSE(lab.gate->names_are_lost());
    EXPECT_EQ(lab.gate->rules(), "ssh");
}

TEST(WardenStart, APolicyWithoutItsTextKeepsItsRulesWhenItsNamesAreLost) {
    WardenLab lab;
    lab.enforce("ssh");
    std::filesystem::remove_all(lab.folder.path() / "state");
    lab.kernel.has_names = {};
    ASSERT_TRUE(lab.start());
    EXPECT_FALSE(lab.warden->tick());
    EXPECT_EQ(lab.gate->rules(), "ssh");
    EXPECT_EQ(lab.gate->stage(), Stage::enforce);
}

TEST(WardenStart, ARestartKeepsAPendingChangeAndItsDeadline) {
    WardenLab lab;
    ASSERT_TRUE(lab.warden->change(lab.proposal("ssh")));
    lab.clock.advance(100);
    ASSERT_TRUE(lab.start());
    EXPECT_EQ(lab.gate->stage(), Stage::enforce);
    lab.clock.advance(20);
    EXPECT_TRUE(lab.warden->tick());
    EXPECT_EQ(lab.gate->stage(), Stage::learn);
}

TEST(WardenStart, AChangeThatRevertedWhileTheAgentWasDeadIsRecordedAsSuch) {
    WardenLab lab;
    lab.enforce("ssh");
    ASSERT_TRUE(lab.warden->change(lab.proposal("web")));
    lab.clock.advance(500);
    ASSERT_TRUE(lab.start());
    EXPECT_EQ(lab.gate->rules(), "ssh");
    EXPECT_EQ(lab.last_outcome(), "reverted");
    EXPECT_FALSE(lab.warden->state().pending);
    EXPECT_EQ(lab.warden->in_force().loaded_number, lab.gate->generation()->number);
}

TEST(WardenStart, AChangeThatTheKernelNeverHeardOfIsRecordedAsReverted) {
    WardenLab lab;
    lab.enforce("ssh");
    const test::FakeKernel before = lab.kernel;
    ASSERT_TRUE(lab.warden->change(lab.proposal("web")));
    lab.kernel = before;  // the crash came between disk and kernel
    ASSERT_TRUE(lab.start());
    EXPECT_EQ(lab.gate->rules(), "ssh");
    EXPECT_EQ(lab.last_outcome(), "reverted");
}

TEST(WardenStart, ARollbackThatTheDiskDidNotTakeIsRecordedByTheNextStart) {
    for (const bool at_deadline : {false, true}) {
        WardenLab lab;
        lab.enforce("ssh");
        ASSERT_TRUE(lab.warden->change(lab.proposal("web")));
        {
            test::DiskCalls disk;
            disk.sync_fails = true;
            if (at_deadline) {
                lab.clock.advance(120);
                ASSERT_TRUE(lab.warden->tick());
            } else {
                ASSERT_TRUE(lab.warden->revert());
            }
        }
        ASSERT_TRUE(lab.start());
        EXPECT_EQ(lab.warden->warnings(), std::vector<std::string>{});
        EXPECT_EQ(lab.warden->policy()->policy.rules.front().name, "ssh");
        EXPECT_EQ(lab.last_outcome(), "reverted");
        EXPECT_EQ(lab.warden->in_force().loaded_number, lab.gate->generation()->number);
        ASSERT_TRUE(lab.reboot());
        EXPECT_EQ(lab.gate->rules(), "ssh");
    }
}

TEST(WardenStart, AConfirmationThatTheKernelNeverHeardOfIsFinished) {
    WardenLab lab;
    lab.enforce("ssh");
    ASSERT_TRUE(lab.warden->change(lab.proposal("web")));
    const test::FakeKernel pending = lab.kernel;
    ASSERT_TRUE(lab.warden->confirm(std::nullopt, {}));
    lab.kernel = pending;
    ASSERT_TRUE(lab.start());
    lab.clock.advance(500);
    EXPECT_EQ(lab.gate->rules(), "web");
}

TEST(WardenStart, AConfirmationOnDiskIsHonouredAfterTheKernelReverted) {
    WardenLab lab;
    lab.enforce("ssh");
    ASSERT_TRUE(lab.warden->change(lab.proposal("web")));
    const test::FakeKernel pending = lab.kernel;
    ASSERT_TRUE(lab.warden->confirm(std::nullopt, {}));
    lab.kernel = pending;
    lab.clock.advance(500);
    ASSERT_TRUE(lab.start());
    EXPECT_EQ(lab.gate->rules(), "web");
}

TEST(WardenStart, ARebootLoadsTheConfirmedPolicy) {
    WardenLab lab;
    lab.enforce("ssh");
    ASSERT_TRUE(lab.reboot());
    EXPECT_EQ(lab.gate->rules(), "ssh");
    EXPECT_EQ(lab.gate->stage(), Stage::enforce);
    EXPECT_EQ(lab.warden->in_force().number, 2U);
}

// Case L01
TEST(WardenStart, ARebootRevertsAnUnconfirmedChange) {
    WardenLab lab;
    lab.enforce("ssh");
    ASSERT_TRUE(lab.warden->change(lab.proposal("web", 86400)));
    ASSERT_TRUE(lab.reboot());
    EXPECT_EQ(lab.gate->rules(), "ssh");
    EXPECT_EQ(lab.last_outcome(), "reverted");
}

TEST(WardenStart, AStateThatTheNextStartCouldNotReadIsNotWritten) {
    WardenLab lab;
    lab.enforce("ssh");
    agent::Proposal endless = lab.proposal("web");
    endless.by = std::string(std::size_t{2} << 20U, 'a');
    EXPECT_FALSE(lab.warden->change(endless));
    EXPECT_EQ(lab.gate->rules(), "ssh");
    ASSERT_TRUE(lab.start());
    EXPECT_EQ(lab.gate->rules(), "ssh");
}

TEST(WardenStart, OpenSurvivesRestartAndReboot) {
    WardenLab lab;
    lab.enforce("ssh");
    ASSERT_TRUE(lab.warden->open());
    ASSERT_TRUE(lab.start());
    EXPECT_EQ(lab.warden->stage_of("eth0"), Stage::open);
    ASSERT_TRUE(lab.reboot());
    EXPECT_EQ(lab.gate->stage(), Stage::open);
}

TEST(WardenStart, AnOpenGateThatTheAgentDidNotOpenIsSeen) {
    WardenLab lab;
    lab.enforce("ssh");
    lab.kernel.control.open = 1;  // tollgate open while the agent was dead
    ASSERT_TRUE(lab.start());
    EXPECT_EQ(lab.warden->stage_of("eth0"), Stage::open);
}

TEST(WardenStart, TheFirstPolicyComesIntoForceOnlyIfThereNeverWasOne) {
    WardenLab lab;
    lab.kernel = test::FakeKernel{};
    std::filesystem::remove_all(lab.folder.path() / "state");
    ASSERT_TRUE(lab.start(lab.load(test::policy_yaml("ssh", "audit"))));
    EXPECT_EQ(lab.gate->rules(), "ssh");
    EXPECT_EQ(lab.gate->stage(), Stage::audit);
    lab.kernel = test::FakeKernel{};
    ASSERT_TRUE(lab.start(lab.load(test::policy_yaml("web"))));
    EXPECT_EQ(lab.gate->rules(), "ssh");
}

TEST(WardenStart, ALostStateFolderLeavesTheRunningPolicyAlone) {
    WardenLab lab;
    lab.enforce("ssh");
    std::filesystem::remove_all(lab.folder.path() / "state");
    ASSERT_TRUE(lab.start());
    EXPECT_EQ(lab.gate->rules(), "ssh");
    EXPECT_EQ(lab.warden->stage_of("eth0"), Stage::enforce);
    EXPECT_EQ(lab.warden->warnings().size(), 1U);
}

// Case F05
TEST(WardenStart, ADiskThatTakesNothingDoesNotKeepTheConfirmedPolicyOut) {
    WardenLab lab;
    lab.enforce("ssh");
    {
        test::DiskCalls disk;
        disk.sync_fails = true;
        for (const bool rebooted : {true, false}) {
            ASSERT_TRUE(rebooted ? lab.reboot() : lab.start());
            EXPECT_EQ(lab.gate->rules(), "ssh");
            EXPECT_EQ(lab.gate->stage(), Stage::enforce);
            EXPECT_EQ(lab.warden->warnings().size(), 1U);
            EXPECT_FALSE(lab.warden->change(lab.proposal("ssh")));
        }
    }
    EXPECT_TRUE(lab.warden->change(lab.proposal("web")));
    EXPECT_TRUE(lab.warden->warnings().empty());
    EXPECT_TRUE(lab.warden->revert());
    ASSERT_TRUE(lab.start());
    EXPECT_EQ(lab.gate->rules(), "ssh");
    EXPECT_EQ(lab.warden->policy()->policy.rules.front().name, "ssh");
    EXPECT_TRUE(lab.warden->warnings().empty());
}

// Case F05
TEST(WardenStart, ADiskThatTakesNothingDoesNotBringAnUnconfirmedChangeBack) {
    for (const bool rebooted : {true, false}) {
        WardenLab lab;
        lab.enforce("ssh");
        ASSERT_TRUE(lab.warden->change(lab.proposal("web")));
        {
            test::DiskCalls disk;
            disk.sync_fails = true;
            lab.clock.advance(500);
            for (int starts = 0; starts < 2; ++starts) {
                ASSERT_TRUE(rebooted && starts == 0 ? lab.reboot() : lab.start());
                EXPECT_EQ(lab.gate->rules(), "ssh");
                EXPECT_EQ(lab.warden->policy()->policy.rules.front().name, "ssh");
                EXPECT_FALSE(lab.warden->state().pending);
                EXPECT_EQ(lab.warden->in_force().loaded_number, lab.gate->generation()->number);
                EXPECT_EQ(lab.warden->warnings().size(), 1U);
            }
        }
        ASSERT_TRUE(lab.start());
        EXPECT_EQ(lab.gate->rules(), "ssh");
        EXPECT_EQ(lab.last_outcome(), "reverted");
        EXPECT_TRUE(lab.warden->warnings().empty());
    }
}

TEST(WardenStart, ADiskThatTakesNothingKeepsAPendingChangeAndItsDeadline) {
    WardenLab lab;
    ASSERT_TRUE(lab.warden->change(lab.proposal("ssh")));
    test::DiskCalls disk;
    disk.sync_fails = true;
    ASSERT_TRUE(lab.start());
    EXPECT_EQ(lab.gate->stage(), Stage::enforce);
    lab.clock.advance(120);
    EXPECT_TRUE(lab.warden->tick());
    EXPECT_EQ(lab.gate->stage(), Stage::learn);
}

TEST(WardenStart, ADiskThatTakesNothingBringsTunnelsBackThatItKnows) {
    WardenLab lab;
    lab.enforce("ssh");
    ASSERT_TRUE(lab.warden->add_tunnel("wg0"));
    test::DiskCalls disk;
    disk.sync_fails = true;
    ASSERT_TRUE(lab.reboot());
    EXPECT_EQ(lab.warden->add_tunnel("wg0").value_or(99), 1);
    EXPECT_EQ(lab.gate->generation()->stage[1], TG_STAGE_ENFORCE);
    EXPECT_FALSE(lab.warden->add_tunnel("wg1"));
}

TEST(WardenStart, TheFirstStartIsRefusedByADiskThatTakesNothing) {
    WardenLab lab;
    lab.kernel = test::FakeKernel{};
    std::filesystem::remove_all(lab.folder.path() / "state");
    test::DiskCalls disk;
    disk.sync_fails = true;
    EXPECT_FALSE(lab.start());
    EXPECT_FALSE(lab.start(lab.load(test::policy_yaml("ssh"))));
    EXPECT_EQ(lab.kernel.generations[0].number, 0U);
}

TEST(WardenStart, ADamagedStateIsRefusedAndTheRunningPolicyLeftAlone) {
    WardenLab lab;
    lab.enforce("ssh");
    const std::uint32_t number = lab.gate->generation()->number;
    std::ofstream{lab.folder.path() / "state/state.json"} << "{\"version\": 1, ";
    const auto started = lab.start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code.value(), EBADMSG);
    EXPECT_NE(started.error().message().find("state.json is damaged"), std::string::npos);
    EXPECT_EQ(lab.gate->generation()->number, number);
}

TEST(WardenStart, AStateThatALaterVersionHasWrittenIsRefused) {
    WardenLab lab;
    lab.enforce("ssh");
    const auto file = lab.folder.path() / "state/state.json";
    std::string text = read_file(file, std::size_t{1} << 20).value();
    const std::string_view version = "\"version\": 1";
    const std::size_t at = text.find(version);
    ASSERT_NE(at, std::string::npos);
    text[at + version.size() - 1] = '2';
    ASSERT_TRUE(write_file(file, text));
    const auto started = lab.start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code.value(), EBADMSG);
}

// Case L08
TEST(WardenStart, AConfirmedPolicyWhoseTextWasChangedIsRefused) {
    WardenLab lab;
    lab.enforce("ssh");
    const std::string hash = lab.warden->in_force().hash;
    std::ofstream{lab.folder.path() / "state/policies" / (hash + ".yaml")}
        << test::policy_yaml("telnet");
    EXPECT_FALSE(lab.reboot());
}

TEST(WardenStart, AnInterfaceKeepsItsZone) {
    WardenLab lab;
    auto store = StateStore::open(lab.folder.path() / "state");
    auto second = Warden::start(*lab.gate, *store, lab.clock, {"eth1", "eth0"}, nullptr);
    ASSERT_TRUE(second);
    EXPECT_EQ((*second)->state().zones.at("eth0"), 0);
    EXPECT_EQ((*second)->state().zones.at("eth1"), 1);
}

}  // namespace
}  // namespace tollgate::agent

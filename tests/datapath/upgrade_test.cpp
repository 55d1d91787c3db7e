// SPDX-License-Identifier: MIT
// An agent whose TG_ABI_VERSION is another than that of the one before: its maps are new, and the
// gate stays shut all the same.
#include <cerrno>
#include <filesystem>

#include <gtest/gtest.h>

#include "agent/datapath/inherited_pins.hpp"
#include "tests/support/gate_lab.hpp"

namespace tollgate::test {
namespace {

using agent::AttachMode;
using agent::GateOptions;
using agent::TcHook;

class Upgrade : public GateLab {
  protected:
    /// The agent ends. What it has pinned is now that of another version.
    void end_of_version(const char* name = "v1") {
        kill();
        std::filesystem::rename(pins.version(), pins.path() / name);
    }
    [[nodiscard]] bool has(const char* version) const {
        return std::filesystem::exists(pins.path() / version);
    }
    /// As the next agent starts, with a policy for another port.
    Result<agent::Attachment> start(const GateOptions& options) {
        open(options);
        EXPECT_FALSE(gate->adopted());
        EXPECT_TRUE(load(policy_for_port(kClosedPort)));
        EXPECT_TRUE(reaches(kOpenPort)) << "the gate of the one before is in force";
        EXPECT_FALSE(reaches(kClosedPort));
        return attach();
    }
};

TEST_F(Upgrade, TheGateOfAnotherVersionIsTakenOverByEveryHook) {
    for (const auto& options : {GateOptions{},
                                GateOptions{.force_generic = true},
                                GateOptions{.force_tc = true},
                                GateOptions{.force_clsact = true},
                                GateOptions{.force_tc = true, .force_clsact = true}}) {
        const char* const version = options.force_tc ? "v99" : "v1";  // newer and older
        protect(options);
        end_of_version(version);
        const auto attached = start(options);
        ASSERT_TRUE(attached) << attached.error().message();
        EXPECT_TRUE(attached->adopted);
        EXPECT_TRUE(reaches(kClosedPort));
        EXPECT_FALSE(reaches(kOpenPort)) << "the old gate is there beside the new one";
        EXPECT_FALSE(has(version));
        ASSERT_TRUE(gate->set_open(true));
        EXPECT_TRUE(reaches(kOpenPort));
        kill();
        ASSERT_TRUE(agent::cleanup(pins.path(), false));
    }
    EXPECT_EQ(output_of({"tc", "qdisc", "show", "dev", "eth0"}).find("clsact"), std::string::npos);
}

TEST_F(Upgrade, TheHooksMayBeOthers) {
    const GateOptions by_tc{.force_tc = true, .force_clsact = true};
    protect();
    end_of_version();
    auto attached = start(by_tc);
    ASSERT_TRUE(attached) << attached.error().message();
    EXPECT_EQ(attached->ingress, AttachMode::tc);
    EXPECT_EQ(attached->egress, TcHook::clsact);
    EXPECT_FALSE(reaches(kOpenPort));
    ASSERT_TRUE(load(policy_for_port(kOpenPort)));
    end_of_version();
    attached = start({});
    ASSERT_TRUE(attached) << attached.error().message();
    EXPECT_EQ(attached->ingress, AttachMode::native);
    EXPECT_FALSE(reaches(kOpenPort));
    EXPECT_TRUE(reaches(kClosedPort));
}

TEST_F(Upgrade, AnotherVersionStaysUntilItsLastInterfaceIsTakenOver) {
    host->ip({"link", "add", "eth1", "type", "veth", "peer", "name", "other"});
    protect();
    ASSERT_TRUE(gate->attach("eth1", 1));
    end_of_version();
    ASSERT_TRUE(start({}));
    EXPECT_TRUE(has("v1/eth1-1/link_ingress"));
    ASSERT_TRUE(gate->attach("eth1", 3)) << "under another zone";
    EXPECT_FALSE(has("v1"));
}

TEST_F(Upgrade, AStartThatFailsLeavesTheGateShut) {
    protect();
    end_of_version();
    open();
    ASSERT_TRUE(load(policy_for_port(kClosedPort)));
    kill();
    ASSERT_TRUE(agent::undo_start(pins.path()));
    EXPECT_FALSE(std::filesystem::exists(pins.version()));
    EXPECT_TRUE(reaches(kOpenPort));
    EXPECT_FALSE(reaches(kClosedPort));
}

TEST_F(Upgrade, AStartThatFailsWhileItTakesOverLeavesTheGateShut) {
    const GateOptions options{.force_clsact = true};
    protect();
    end_of_version();
    ASSERT_EQ(run_command({"tc", "qdisc", "add", "dev", "eth0", "ingress"}), 0);
    const auto refused = start(options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code.value(), EBUSY);
    kill();
    ASSERT_TRUE(agent::undo_start(pins.path()));
    EXPECT_TRUE(reaches(kOpenPort));
    EXPECT_FALSE(reaches(kClosedPort));
    ASSERT_EQ(run_command({"tc", "qdisc", "del", "dev", "eth0", "ingress"}), 0);
    open(options);
    ASSERT_TRUE(attach());
    EXPECT_TRUE(reaches(kClosedPort));
    EXPECT_FALSE(reaches(kOpenPort));
}

// `tollgate open`, while the new version did not start.
TEST_F(Upgrade, WhatWasOpenedStaysOpen) {
    protect();
    ASSERT_TRUE(gate->set_open(true));
    end_of_version();
    open();
    ASSERT_TRUE(load(policy_for_port(kOpenPort)));
    ASSERT_TRUE(attach());
    EXPECT_TRUE(gate->control()->open != 0);
    EXPECT_TRUE(reaches(kClosedPort));
    ASSERT_TRUE(gate->set_open(false));
    kill();
    open();
    EXPECT_FALSE(gate->control()->open != 0) << "it is closed for good";
    EXPECT_FALSE(reaches(kClosedPort));
}

TEST_F(Upgrade, OnlyWhatWasOpenedIs) {
    open();
    ASSERT_TRUE(load(policy_for_port(kOpenPort)));
    ASSERT_TRUE(gate->set_open(true));
    end_of_version("v99");  // that never had an interface
    protect();
    end_of_version();
    ASSERT_TRUE(start({}));
    EXPECT_FALSE(gate->control()->open != 0);
    EXPECT_FALSE(reaches(kOpenPort));
}

TEST_F(Upgrade, AFirstStartThatFailsLeavesNothing) {
    open();
    ASSERT_TRUE(load(policy_for_port(kOpenPort)));
    kill();
    ASSERT_TRUE(agent::undo_start(pins.path()));
    EXPECT_FALSE(std::filesystem::exists(pins.path()));
}

}  // namespace
}  // namespace tollgate::test

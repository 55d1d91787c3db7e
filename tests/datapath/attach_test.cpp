// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/gate_lab.hpp"

namespace tollgate::test {
namespace {

using agent::AttachMode;
using agent::TcHook;
using ::testing::HasSubstr;

class Attach : public GateLab {
  protected:
    /// An egress filter where ours stands: of another pin folder, which has lost its pin.
    static void put_foreign_filter_in_our_place() {
        const PinDir theirs;
        auto other =
            agent::Gate::open({.pin_dir = theirs.path(), .force_tc = true, .force_clsact = true})
                .value();
        const auto policy = policy_for_port(kOpenPort);
        ASSERT_TRUE(other->switch_to({.policy = &policy, .number = 1}));
        ASSERT_TRUE(other->attach("eth0", 0));
        other.reset();
        ASSERT_TRUE(std::filesystem::remove(theirs.version() / "eth0-0/filter_egress"));
    }

    /// Program arrays among the pins of an interface.
    [[nodiscard]] static std::ptrdiff_t arrays_in(const std::filesystem::path& folder) {
        return std::ranges::count_if(
            std::filesystem::directory_iterator{folder}, [](const auto& entry) {
                return entry.path().filename().string().find("_calls") != std::string::npos;
            });
    }
};

TEST_F(Attach, NativelyDropsWhatNoRuleAllows) {
    const auto attached = protect();
    EXPECT_EQ(attached.ingress, AttachMode::native) << attached.fallback_reason;
    EXPECT_NE(attached.egress, TcHook::none);
    EXPECT_EQ(attached.fallback_reason, "");
    EXPECT_FALSE(attached.adopted);
    EXPECT_TRUE(reaches(kOpenPort));
    EXPECT_FALSE(reaches(kClosedPort));
}

TEST_F(Attach, GenericallyIfForcedAndSaysSo) {
    const auto attached = protect({.force_generic = true});
    EXPECT_EQ(attached.ingress, AttachMode::generic);
    EXPECT_NE(attached.fallback_reason, "");
    EXPECT_TRUE(reaches(kOpenPort));
    EXPECT_FALSE(reaches(kClosedPort));
}

TEST_F(Attach, ByTcOnlyIfForcedAndSaysSo) {
    const auto attached = protect({.force_tc = true});
    EXPECT_EQ(attached.ingress, AttachMode::tc);
    EXPECT_NE(attached.fallback_reason, "");
    EXPECT_TRUE(reaches(kOpenPort));
    EXPECT_FALSE(reaches(kClosedPort));
}

TEST_F(Attach, ByClsactWhereTcxIsMissing) {
    const auto attached = protect({.force_tc = true, .force_clsact = true});
    EXPECT_EQ(attached.ingress, AttachMode::tc);
    EXPECT_EQ(attached.egress, TcHook::clsact);
    EXPECT_TRUE(reaches(kOpenPort));
    EXPECT_FALSE(reaches(kClosedPort));
}

TEST_F(Attach, RefusesToRunWithoutAGeneration) {
    open();
    EXPECT_FALSE(gate->adopted());
    const auto attached = attach();
    ASSERT_FALSE(attached);
    EXPECT_EQ(attached.error().code.value(), ENODATA);
    EXPECT_TRUE(reaches(kClosedPort));
}

TEST_F(Attach, NamesAnInterfaceThatDoesNotExist) {
    protect();
    const auto attached = gate->attach("nowhere0", 1);
    ASSERT_FALSE(attached);
    EXPECT_EQ(attached.error().code.value(), ENODEV);
    EXPECT_THAT(attached.error().message(), HasSubstr("nowhere0"));
}

TEST_F(Attach, KeepsOneZoneForOneInterface) {
    protect();
    EXPECT_EQ(gate->attach("lo", 0).error().code.value(), EINVAL);
    EXPECT_EQ(gate->attach("lo", TG_ZONES_MAX).error().code.value(), EINVAL);
}

TEST_F(Attach, OneAgentOwnsAPinFolder) {
    open();
    const auto second = agent::Gate::open({.pin_dir = pins.path()});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code.value(), EBUSY);
    EXPECT_EQ(agent::cleanup(pins.path(), false).error().code.value(), EBUSY);
}

TEST_F(Attach, AKilledAgentLeavesThePolicyEnforcedAndTheNextOneAdoptsIt) {
    protect();
    kill();
    EXPECT_TRUE(reaches(kOpenPort));
    EXPECT_FALSE(reaches(kClosedPort));

    open();
    EXPECT_TRUE(gate->adopted());
    EXPECT_EQ(gate->generation().value().number, number);
    const auto attached = attach();
    ASSERT_TRUE(attached) << attached.error().message();
    EXPECT_TRUE(attached->adopted);
    EXPECT_EQ(attached->ingress, AttachMode::native);
    EXPECT_TRUE(reaches(kOpenPort));
    EXPECT_FALSE(reaches(kClosedPort));
}

TEST_F(Attach, AKilledAgentsClsactFiltersAreAdoptedToo) {
    const agent::GateOptions options{.force_tc = true, .force_clsact = true};
    protect(options);
    kill();
    EXPECT_FALSE(reaches(kClosedPort));
    open(options);
    const auto attached = attach();
    ASSERT_TRUE(attached) << attached.error().message();
    EXPECT_TRUE(attached->adopted);
    EXPECT_TRUE(reaches(kOpenPort));
    EXPECT_FALSE(reaches(kClosedPort));
}

TEST_F(Attach, ChangesTheHooksOfAnAdoptedInterface) {
    int round = 0;
    for (const auto& options : {agent::GateOptions{},
                                agent::GateOptions{.force_tc = true, .force_clsact = true},
                                agent::GateOptions{.force_generic = true},
                                agent::GateOptions{.force_tc = true},
                                agent::GateOptions{}}) {
        SCOPED_TRACE(++round);
        protect(options);
        ASSERT_FALSE(HasFailure());
        EXPECT_TRUE(reaches(kOpenPort));
        EXPECT_FALSE(reaches(kClosedPort));
        kill();
    }
    EXPECT_EQ(output_of({"tc", "filter", "show", "dev", "eth0", "ingress"}), "");
}

TEST_F(Attach, RefusesTablesOfAnotherSize) {
    protect();
    kill();
    const auto other = agent::Gate::open({.pin_dir = pins.path(), .flows = 1024});
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code.value(), EEXIST);
    EXPECT_THAT(other.error().message(), HasSubstr("1024"));
    open();
    EXPECT_TRUE(gate->adopted());
}

TEST_F(Attach, DetachOpensTheInterfaceAndLeavesNothingOnIt) {
    const auto before = output_of({"ip", "-d", "link", "show", "eth0"});
    protect();
    ASSERT_TRUE(gate->detach("eth0"));
    EXPECT_TRUE(reaches(kClosedPort));
    EXPECT_EQ(output_of({"ip", "-d", "link", "show", "eth0"}), before);
    EXPECT_TRUE(gate->attachments().empty());
}

// Case F11
TEST_F(Attach, ALinkDetachedByForceIsSeenAndHealed) {
    protect();
    const auto pin = pins.version() / "eth0-0/link_ingress";
    ASSERT_EQ(run_command({"bpftool", "link", "detach", "pinned", pin.string()}), 0);
    EXPECT_EQ(gate->attachments().at(0).ingress, AttachMode::none);
    EXPECT_TRUE(reaches(kClosedPort));
    ASSERT_TRUE(attach());
    EXPECT_EQ(gate->attachments().at(0).ingress, AttachMode::native);
    EXPECT_FALSE(reaches(kClosedPort));
}

TEST_F(Attach, TheHookThatIsLeftStaysWhileTheOtherCannotBePutBack) {
    const agent::GateOptions options{.force_clsact = true};
    protect(options);
    ASSERT_EQ(run_command({"tc", "qdisc", "del", "dev", "eth0", "clsact"}), 0);
    put_foreign_filter_in_our_place();
    for (int i = 0; i < 3; ++i) {
        const auto refused = attach();
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code.value(), EBUSY);
        EXPECT_EQ(gate->attachments().at(0).ingress, AttachMode::native);
        EXPECT_FALSE(reaches(kClosedPort));
        EXPECT_TRUE(reaches(kOpenPort));
    }
    kill();
    EXPECT_FALSE(reaches(kClosedPort));
    EXPECT_TRUE(reaches(kOpenPort)) << "the arrays of its programs are gone";
    ASSERT_EQ(run_command({"tc", "qdisc", "del", "dev", "eth0", "clsact"}), 0);
    open(options);
    const auto attached = attach();
    ASSERT_TRUE(attached) << attached.error().message();
    EXPECT_EQ(attached->egress, TcHook::clsact);
    EXPECT_EQ(arrays_in(pins.version() / "eth0-0"), 2);
}

// Case F11
TEST_F(Attach, PinsThatSomebodyRemovedAreThereAgain) {
    for (const auto& options : {agent::GateOptions{},
                                agent::GateOptions{.force_tc = true},
                                agent::GateOptions{.force_clsact = true},
                                agent::GateOptions{.force_tc = true, .force_clsact = true}}) {
        protect(options);
        EXPECT_FALSE(gate->attachments().at(0).pins_restored);
        const auto folder = pins.version() / "eth0-0";
        std::filesystem::remove_all(folder);
        const auto restored = gate->attachments().at(0);
        EXPECT_TRUE(restored.pins_restored);
        EXPECT_NE(restored.ingress, AttachMode::none);
        EXPECT_NE(restored.egress, TcHook::none);
        EXPECT_FALSE(gate->attachments().at(0).pins_restored);
        kill();
        EXPECT_TRUE(reaches(kOpenPort));
        EXPECT_FALSE(reaches(kClosedPort)) << "the gate ends with the agent";
    }
}

TEST_F(Attach, WithoutPinsAClsactGateIsOpenedByTc) {
    const agent::GateOptions options{.force_tc = true, .force_clsact = true};
    protect(options);
    kill();
    std::filesystem::remove_all(pins.version());
    EXPECT_FALSE(reaches(kClosedPort)) << "a filter needs no pin";
    open(options);
    ASSERT_TRUE(load(policy_for_port(kOpenPort)));
    const auto refused = attach();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code.value(), EBUSY);
    // As docs/locked-out.md has it, and the message.
    for (const char* direction : {"ingress", "egress"}) {
        const std::string remedy = fmt::format("tc filter del dev eth0 {} pref 1", direction);
        EXPECT_EQ(run_command({"sh", "-c", remedy}), 0) << remedy;
    }
    EXPECT_THAT(refused.error().message(), HasSubstr("`tc filter del dev eth0 egress pref 1`"));
    EXPECT_TRUE(reaches(kClosedPort));
    ASSERT_TRUE(attach());
    EXPECT_FALSE(reaches(kClosedPort));
}

TEST_F(Attach, PinsOfADeadInterfaceAreReplaced) {
    protect();
    kill();
    host->ip({"link", "del", "eth0"});
    connect({*peer, "eth0", "192.0.2.1/24"}, {*host, "eth0", "192.0.2.2/24"});
    EXPECT_TRUE(reaches(kClosedPort));
    open();
    const auto attached = attach();
    ASSERT_TRUE(attached) << attached.error().message();
    EXPECT_FALSE(attached->adopted);
    EXPECT_TRUE(reaches(kOpenPort));
    EXPECT_FALSE(reaches(kClosedPort));
}

TEST_F(Attach, AnInterfaceWithADotInItsNameIsPinned) {
    host->ip({"link", "add", "a.1", "type", "veth", "peer", "name", "b.1"});
    protect();
    ASSERT_TRUE(gate->attach("a.1", 1));
    kill();
    open();
    ASSERT_TRUE(attach());
    const auto attached = gate->attach("a.1", 1);
    ASSERT_TRUE(attached) << attached.error().message();
    EXPECT_TRUE(attached->adopted);
}

}  // namespace
}  // namespace tollgate::test

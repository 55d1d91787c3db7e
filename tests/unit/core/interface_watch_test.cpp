// SPDX-License-Identifier: MIT
#include "agent/core/interface_watch.hpp"

#include <gtest/gtest.h>

#include "agent/system/interface.hpp"
#include "tests/support/fake_gate.hpp"

namespace tollgate::agent {
namespace {

/// Over a fake kernel; "lo" is an interface of the machine, "eth-none" is not.
class InterfaceWatchTest : public testing::Test {
  protected:
    test::FakeClock clock;
    test::FakeKernel kernel;
    test::FakeGate gate{kernel, clock};
    InterfaceWatch watch{gate};
};

// Case C15
TEST_F(InterfaceWatchTest, AnInterfaceThatIsNotThereIsRefused) {
    gate.absent = {"eth-none"};
    const auto attached = watch.attach("eth-none", 0);
    ASSERT_FALSE(attached);
    EXPECT_EQ(attached.error().code, ExitCode::no_interface);
    EXPECT_TRUE(watch.interfaces().empty());
}

TEST_F(InterfaceWatchTest, AnExpectedInterfaceIsPreparedAndNotProtected) {
    watch.expect("eth-none", 3);
    EXPECT_TRUE(gate.prepared.contains(3));
    ASSERT_EQ(watch.interfaces().size(), 1U);
    EXPECT_TRUE(watch.interfaces()[0].is_unprotected());
    EXPECT_FALSE(watch.all_attached());
    EXPECT_TRUE(kernel.attachments.empty());
}

// Case C15
TEST_F(InterfaceWatchTest, AnExpectedInterfaceIsAttachedAsSoonAsItIsThere) {
    watch.expect("eth-none", 0);
    watch.expect("lo", 1);
    watch.attach_newcomers();
    EXPECT_FALSE(kernel.attachments.contains("eth-none"));
    EXPECT_TRUE(kernel.attachments.contains("lo"));
    EXPECT_EQ(watch.interfaces()[1].reason, "");
}

// Case C15
TEST_F(InterfaceWatchTest, AnInterfaceThatCameBackAsAnotherIsAttachedAgain) {
    ASSERT_TRUE(watch.attach("lo", 6));  // FakeGate: as interface 7, which "lo" is not any more
    watch.attach_newcomers();
    EXPECT_EQ(watch.reattachments(), 1U);
}

TEST_F(InterfaceWatchTest, AnInterfaceThatHasNotChangedIsLeftAlone) {
    ASSERT_EQ(interface_index("lo").value(), 1U);
    ASSERT_TRUE(watch.attach("lo", 0));  // FakeGate: as interface 1
    watch.attach_newcomers();
    EXPECT_EQ(watch.reattachments(), 0U);
}

TEST_F(InterfaceWatchTest, TheProgramsOfAnInterfaceThatWentAreLoadedForItsReturn) {
    ASSERT_TRUE(watch.attach("eth-none", 4));
    watch.tick();
    EXPECT_TRUE(gate.prepared.contains(4));
    EXPECT_TRUE(watch.interfaces()[0].is_unprotected());
}

TEST_F(InterfaceWatchTest, TheHookThatIsLeftStaysWhileTheOtherCannotBePutBack) {
    ASSERT_TRUE(watch.attach("lo", 0));
    kernel.attachments.at("lo").egress = TcHook::none;
    gate.fails = "attach";
    watch.tick();
    ASSERT_TRUE(kernel.attachments.contains("lo"));
    EXPECT_EQ(kernel.attachments.at("lo").ingress, AttachMode::native);
    EXPECT_TRUE(watch.interfaces()[0].is_unprotected()) << "half a gate is none";
    EXPECT_NE(watch.interfaces()[0].reason, "");

    gate.fails = "";
    EXPECT_EQ(watch.tick(), 1U);
    EXPECT_FALSE(watch.interfaces()[0].is_unprotected());
}

TEST_F(InterfaceWatchTest, WhatIsLeftOfAnInterfaceThatWentIsRemoved) {
    ASSERT_TRUE(watch.attach("eth-none", 4));
    watch.tick();
    EXPECT_FALSE(kernel.attachments.contains("eth-none"));
}

TEST_F(InterfaceWatchTest, ATunnelThatEndsWithHalfAGateLeavesNothing) {
    ASSERT_TRUE(watch.attach_tunnel("lo", 0));
    kernel.attachments.at("lo").egress = TcHook::none;
    gate.fails = "attach";
    watch.tick();
    ASSERT_TRUE(kernel.attachments.contains("lo"));
    watch.forget_tunnel("lo");
    EXPECT_TRUE(kernel.attachments.empty());
}

}  // namespace
}  // namespace tollgate::agent

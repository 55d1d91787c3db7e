// SPDX-License-Identifier: MIT
#include "agent/core/stages.hpp"

#include <gtest/gtest.h>

#include "tests/support/warden_lab.hpp"

namespace tollgate::agent {
namespace {

/// eth0 is protected; wg0 was, and its tunnel does not run.
class StagesWithATunnelAway : public testing::Test {
  protected:
    StagesWithATunnelAway() {
        EXPECT_TRUE(lab.warden->add_tunnel("wg0"));
        watch.expect("eth0", 0);
    }
    [[nodiscard]] Answer<Stages> stages() const {
        return stages_of(policy, watch, lab.warden->state(), policy::Stage::enforce);
    }

    test::WardenLab lab;
    InterfaceWatch watch{*lab.gate};
    policy::Policy policy;
};

// It is in force where it comes back: a tunnel never opens a way around the policy.
TEST_F(StagesWithATunnelAway, AreForItToo) {
    EXPECT_EQ(*stages(),
              (Stages{{"eth0", policy::Stage::enforce}, {"wg0", policy::Stage::enforce}}));
    auto proposal = lab.proposal("ssh", 0);
    proposal.stages = *stages();
    ASSERT_TRUE(lab.warden->change(proposal));
    ASSERT_TRUE(lab.warden->add_tunnel("wg0"));
    EXPECT_EQ(lab.warden->stage_of("wg0"), policy::Stage::enforce);
}

TEST_F(StagesWithATunnelAway, AreForWhatThePolicyNames) {
    policy.interfaces = {"eth0"};
    EXPECT_EQ(*stages(), (Stages{{"eth0", policy::Stage::enforce}}));
    policy.interfaces = {"wg0"};
    EXPECT_FALSE(stages()) << "it would be in force nowhere";
}

}  // namespace
}  // namespace tollgate::agent

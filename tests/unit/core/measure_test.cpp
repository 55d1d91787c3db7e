// SPDX-License-Identifier: MIT
#include "agent/core/measure.hpp"

#include <chrono>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "policy/yaml_writer.hpp"
#include "tests/support/fake_gate.hpp"
#include "tests/support/talk.hpp"
#include "tests/support/temporary_folder.hpp"

namespace tollgate::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Each rule has let pass more than the one before it, the last one nothing.
class IdleAtTheEnd : public test::FakeGate {
  public:
    using FakeGate::FakeGate;
    Result<std::vector<tg_rule_counters>> rule_counters(std::uint32_t rules) override {
        return FakeGate::rule_counters(rules).map([](auto sums) {
            sums.back() = {};
            return sums;
        });
    }
};

// The alert for rules that nothing needs is about these.
TEST(Measure, OfTooManyRulesThoseThatNothingNeedsAreNotSummedUp) {
    const test::TemporaryFolder folder;
    test::FakeClock clock;
    test::FakeKernel kernel;
    Options options;
    options.interfaces = {"lo"};
    options.state_dir = folder.path();
    auto agent = Agent::start(options, std::make_unique<IdleAtTheEnd>(kernel, clock), clock);
    ASSERT_TRUE(agent) << agent.error().error.message();
    std::vector<policy::Rule> rules;
    for (std::size_t i = 0; i < kRuleSeriesMax + 2; ++i) {
        rules.push_back(test::allow(fmt::format("rule-{}", i), policy::Direction::ingress));
    }
    Proposal proposal;
    const policy::WallTime now{std::chrono::seconds{clock.wall_seconds()}};
    proposal.policy =
        load_policy(policy::write_policy(test::policy_of(std::move(rules))), now).value();
    proposal.confirm_within = std::chrono::seconds{0};
    ASSERT_TRUE((*agent)->change(proposal));
    const std::string page = measure(**agent).to_text();
    EXPECT_THAT(page, HasSubstr(R"(rule="_other")"));
    EXPECT_THAT(page, HasSubstr(fmt::format(R"(rule="rule-{}")", kRuleSeriesMax + 1)));
    EXPECT_THAT(page, Not(HasSubstr(R"(rule="rule-0")")));
}

}  // namespace
}  // namespace tollgate::agent

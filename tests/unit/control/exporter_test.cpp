// SPDX-License-Identifier: MIT
#include "agent/control/exporter.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/support/fake_gate.hpp"
#include "tests/support/no_tunnels.hpp"
#include "tests/support/temporary_folder.hpp"

namespace tollgate::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// The pages of an agent over a fake kernel, whose loop nobody runs.
class ExporterTest : public testing::Test {
  protected:
    void SetUp() override {
        Options options;
        options.interfaces = {"lo"};
        options.state_dir = folder.path();
        auto started =
            Agent::start(options, std::make_unique<test::FakeGate>(kernel, clock), clock);
        ASSERT_TRUE(started) << started.error().error.message();
        agent = std::move(*started);
        queue = std::move(*TaskQueue::create());
    }

    test::TemporaryFolder folder;
    test::FakeClock clock;
    test::FakeKernel kernel;
    test::NoTunnels tunnels;
    std::unique_ptr<Agent> agent;
    std::unique_ptr<TaskQueue> queue;
};

// Else nobody could tell a loop that stands still from an agent that is down.
TEST_F(ExporterTest, ALoopThatStandsStillIsSeenByItsLastHeartbeat) {
    Exporter exporter{*queue, *agent, tunnels, clock};
    clock.advance(100);
    exporter.beat();
    const std::int64_t beaten_s = clock.wall_seconds();
    clock.advance(61);
    const PageAnswer answer = exporter.page(ExporterPage::metrics);
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.text,
                HasSubstr(fmt::format("tollgate_agent_heartbeat_timestamp_seconds {}", beaten_s)));
    EXPECT_THAT(answer.text, Not(HasSubstr("tollgate_mode")));
    EXPECT_EQ(exporter.page(ExporterPage::live).status, 503);
}

}  // namespace
}  // namespace tollgate::agent

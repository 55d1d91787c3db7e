// SPDX-License-Identifier: MIT
#include "agent/control/exporter.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "agent/control/process_metrics.hpp"
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
    Exporter exporter{*queue, *agent, tunnels, [] { return std::vector<ProcessStatus>{}; }, clock};
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

TEST_F(ExporterTest, ThePartsOfTheAgentAreMeasured) {
    ProcessStatus runs{"dns", 7, 2, "", "dns", {}};
    runs.report.landlock = 4;
    MetricsPage page;
    add_processes({runs, {"exporter", 0, 1, "was killed by SIGSYS", "exporter", {}}}, page);
    const std::string text = page.to_text();
    for (const auto* const sample : {"tollgate_process_up{process=\"dns\"} 1\n",
                                     "tollgate_process_restarts_total{process=\"dns\"} 2\n",
                                     "tollgate_sandbox_landlock_abi{process=\"dns\"} 4\n",
                                     "tollgate_process_up{process=\"exporter\"} 0\n"}) {
        EXPECT_THAT(text, HasSubstr(sample));
    }
    EXPECT_THAT(text, Not(HasSubstr("landlock_abi{process=\"exporter\"}")));
}

}  // namespace
}  // namespace tollgate::agent

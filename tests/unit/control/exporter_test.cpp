// SPDX-License-Identifier: MIT
#include "agent/control/exporter.hpp"

#include <cerrno>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/support/fake_gate.hpp"
#include "tests/support/temporary_folder.hpp"

namespace tollgate::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class NoTunnels : public TunnelControl {
  public:
    std::set<std::string> peer_names() override { return {}; }
    std::vector<TunnelStatus> status() override { return {}; }
    int change_peer(const std::string& /*tunnel*/,
                    PeerChange /*change*/,
                    const std::optional<std::string>& /*peer_name*/) override {
        return ENODEV;
    }
    int set_up(const std::string& /*tunnel*/, bool /*up*/) override { return ENODEV; }
    Scrape counters(std::chrono::milliseconds /*patience*/) override { return {}; }
};

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
    NoTunnels tunnels;
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
    HttpRequest request;
    request.method = "GET";
    request.path = "/metrics";
    const HttpResponse response = exporter.handle(request);
    EXPECT_EQ(response.status, 200);
    EXPECT_THAT(response.body,
                HasSubstr(fmt::format("tollgate_agent_heartbeat_timestamp_seconds {}", beaten_s)));
    EXPECT_THAT(response.body, Not(HasSubstr("tollgate_mode")));
    request.path = "/livez";
    EXPECT_EQ(exporter.handle(request).status, 503);
}

}  // namespace
}  // namespace tollgate::agent

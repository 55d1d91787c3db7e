// SPDX-License-Identifier: MIT
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <gmock/gmock.h>

#include "agent/core/agent.hpp"
#include "agent/core/flow_log_feed.hpp"
#include "agent/flowlog/settings.hpp"
#include "tests/support/fake_gate.hpp"
#include "tests/support/flow_log_lines.hpp"
#include "tests/support/frame.hpp"
#include "tests/support/temporary_folder.hpp"

namespace tollgate::agent {
namespace {

using nlohmann::json;

/// An agent over a fake kernel, with a flow log in a file.
class AgentFlowLog : public testing::Test {
  protected:
    void SetUp() override { start(FlowLogSettings{}); }

    void start(FlowLogSettings settings) {
        JsonFileOptions file;
        file.path = folder.path() / "flows.jsonl";
        settings.sinks.emplace_back(file);
        Options options;
        options.interfaces = {"lo"};
        options.state_dir = folder.path() / "state";
        options.flow_log = std::make_shared<const FlowLogSettings>(settings);
        auto made = std::make_unique<test::FakeGate>(kernel, clock);
        gate = made.get();
        auto started = Agent::start(options, std::move(made), clock);
        ASSERT_TRUE(started) << started.error().error.message();
        agent = std::move(*started);
    }
    static tg_flow_key key(std::uint16_t local_port) {
        tg_flow_key made{};
        const IpAddress remote = test::ip("192.0.2.1");
        const IpAddress local = test::ip("192.0.2.10");
        std::copy(remote.bytes.begin(), remote.bytes.end(), std::begin(made.remote));
        std::copy(local.bytes.begin(), local.bytes.end(), std::begin(made.local));
        made.remote_port = htons(443);
        made.local_port = htons(local_port);
        made.protocol = IPPROTO_TCP;
        return made;
    }
    /// A connection that carries two packets.
    void connect(std::uint16_t local_port) {
        tg_flow flow{};
        flow.first_seen_ns = flow.last_seen_ns = clock.boot;
        flow.flags = TG_FLOW_LOCAL_INITIATED;
        flow.packets[TG_EGRESS] = 2;
        flow.bytes[TG_EGRESS] = 120;
        flow.generation = agent->warden().in_force().number;
        kernel.flows.emplace_back(key(local_port), flow);
        ++gate->counters.flows_created;
    }
    void drop(bool would_drop) {
        tg_event event{};
        event.time_ns = clock.boot;
        event.type = TG_EVENT_DROP;
        event.key = key(23);
        event.direction = TG_INGRESS;
        event.reason = TG_DROP_POLICY_DEFAULT;
        event.would_drop = would_drop ? 1 : 0;
        event.packets = 7;
        const auto bytes = std::as_bytes(std::span(&event, 1));
        kernel.events.emplace_back(bytes.begin(), bytes.end());
    }
    /// Until the agent's next look at the flow table.
    void pass_five_seconds() {
        for (int second = 0; second < 5; ++second) {
            clock.advance(1);
            agent->tick();
        }
    }
    std::vector<json> lines_at_the_end() {
        agent->stop();
        return test::flow_log_lines(folder.path() / "flows.jsonl");
    }

    test::TemporaryFolder folder;
    test::FakeClock clock;
    test::FakeKernel kernel;
    test::FakeGate* gate = nullptr;
    std::unique_ptr<Agent> agent;
};

TEST_F(AgentFlowLog, TellsWhatAFlowCarriedAndOverWhat) {
    connect(50000);
    pass_five_seconds();
    const auto lines = lines_at_the_end();
    ASSERT_GE(lines.size(), 1U);
    const json& end = lines.back();
    EXPECT_EQ(end.at("type"), "end");
    EXPECT_EQ(end.at("end"), "stopped");
    EXPECT_EQ(end.at("interface"), "lo");
    EXPECT_EQ(end.at("link"), "clear");
    EXPECT_EQ(end.at("remote"), "192.0.2.1");
    EXPECT_EQ(end.at("total").at("egress").at("bytes"), 120);
    EXPECT_EQ(agent->flow_log()->losses().flows, 0U);
}

TEST_F(AgentFlowLog, FlowsThatCameAndWentBetweenTwoLooksAreCounted) {
    connect(50000);
    gate->counters.flows_created += 4;
    gate->counters.embryos_created += 3;
    pass_five_seconds();
    EXPECT_EQ(agent->flow_log()->losses().flows, 7U);
    pass_five_seconds();
    EXPECT_EQ(agent->flow_log()->losses().flows, 7U);
    const auto lines = lines_at_the_end();
    const auto lost = std::find_if(
        lines.begin(), lines.end(), [](const json& line) { return line.at("type") == "lost"; });
    ASSERT_NE(lost, lines.end());
    EXPECT_EQ(lost->at("lost"), json({{"flows", 7}}));
}

TEST_F(AgentFlowLog, AFlowThatHadToMakeRoomIsCounted) {
    connect(50000);
    pass_five_seconds();
    kernel.flows.clear();
    pass_five_seconds();
    EXPECT_EQ(agent->flow_log()->losses().ends, 1U);
}

TEST_F(AgentFlowLog, TellsDropsAndWhatEnforceWouldDrop) {
    drop(/*would_drop=*/false);
    drop(/*would_drop=*/true);
    agent->read_events();
    const auto lines = lines_at_the_end();
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0].at("type"), "drop");
    EXPECT_EQ(lines[0].at("verdict"), "drop");
    EXPECT_EQ(lines[0].at("packets"), 7);
    EXPECT_EQ(lines[0].at("localPort"), 23);
    EXPECT_EQ(lines[1].at("type"), "wouldDrop");
    EXPECT_EQ(lines[1].at("verdict"), "pass");
}

TEST_F(AgentFlowLog, DropsThatNoEventTellsOfAreTold) {
    pass_five_seconds();
    gate->counters.drops_unreported = 12;
    pass_five_seconds();
    const auto lines = lines_at_the_end();
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0].at("lost"), json({{"drops", 12}}));
}

TEST_F(AgentFlowLog, OnlyWhatIsAskedForIsTold) {
    agent.reset();
    kernel = {};
    FlowLogSettings settings;
    settings.flows = settings.drops = false;
    start(settings);
    connect(50000);
    drop(/*would_drop=*/false);
    drop(/*would_drop=*/true);
    pass_five_seconds();
    const auto lines = lines_at_the_end();
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0].at("type"), "wouldDrop");
}

TEST_F(AgentFlowLog, ASinkThatCannotBeMadeStopsNothingAndIsWarnedOf) {
    agent.reset();
    kernel = {};
    HttpSinkOptions http;
    http.url = "http://127.0.0.1:9/";
    http.token_file = folder.path() / "no-such-token";
    FlowLogSettings settings;
    settings.sinks = {http};
    start(settings);
    EXPECT_THAT(agent->warnings(),
                testing::Contains(testing::AllOf(testing::StartsWith("flow log to http: "),
                                                 testing::HasSubstr("no-such-token"))));
    drop(/*would_drop=*/false);
    agent->read_events();
    EXPECT_EQ(lines_at_the_end().size(), 1U) << "the other sink";
}

}  // namespace
}  // namespace tollgate::agent

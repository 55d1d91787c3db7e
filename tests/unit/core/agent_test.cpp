// SPDX-License-Identifier: MIT
#include "agent/core/agent.hpp"

#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/disk_calls.hpp"
#include "tests/support/dns.hpp"
#include "tests/support/dns_read_here.hpp"
#include "tests/support/fake_gate.hpp"
#include "tests/support/temporary_folder.hpp"

namespace tollgate::agent {
namespace {

const IpAddress kRemote = test::ip("192.0.2.1");

Prefix prefix(const char* text) {
    return *Prefix::parse(text);
}

/// An agent over a fake kernel.
class AgentTest : public testing::Test {
  protected:
    void SetUp() override { restart(); }

    void restart() {
        agent.reset();
        Options options;
        options.interfaces = {"lo"};
        options.state_dir = folder.path();
        auto loaded = std::make_unique<test::FakeGate>(kernel, clock);
        gate = loaded.get();
        auto started = Agent::start(options, std::move(loaded), clock);
        ASSERT_TRUE(started) << started.error().error.message();
        agent = std::move(*started);
        agent->read_dns_by(dns);
    }

    /// An answer that waits to be read: example.com is kRemote.
    void answer(std::uint64_t time_ns) {
        const auto message =
            test::dns_answer("example.com", {test::address_record("", kRemote)}).wire();
        tg_event_dns event{};
        event.event.time_ns = time_ns;
        event.event.type = TG_EVENT_DNS_ANSWER;
        event.size = static_cast<std::uint32_t>(message.size());
        std::memcpy(event.message, message.data(), message.size());
        const auto bytes = std::as_bytes(std::span(&event, 1));
        kernel.events.emplace_back(bytes.begin(), bytes.end());
    }
    void connect(std::uint64_t time_ns, std::uint8_t zone = 0) {
        tg_flow_key key{};
        key.zone = zone;
        std::copy(kRemote.bytes.begin(), kRemote.bytes.end(), std::begin(key.remote));
        key.remote_port = htons(443);
        key.protocol = IPPROTO_TCP;
        tg_flow flow{};
        flow.first_seen_ns = flow.last_seen_ns = time_ns;
        flow.flags = TG_FLOW_LOCAL_INITIATED;
        flow.packets[TG_EGRESS] = 1;
        kernel.flows.emplace_back(key, flow);
    }
    [[nodiscard]] std::string recorded_name() {
        const auto flows = agent->recorded_traffic().flows;
        return flows.size() == 1 ? flows.front().name : "not one flow";
    }

    test::TemporaryFolder folder;
    test::FakeClock clock;
    test::FakeKernel kernel;
    test::DnsReadHere dns;
    test::FakeGate* gate = nullptr;
    std::unique_ptr<Agent> agent;
};

TEST_F(AgentTest, TheTimeOfTheLastChangeOutlivesARestart) {
    Proposal proposal;
    proposal.stages["lo"] = policy::Stage::audit;
    proposal.change = "audit";
    proposal.confirm_within = std::chrono::seconds{0};
    ASSERT_TRUE(agent->change(proposal));
    const std::int64_t changed_s = clock.wall_seconds();
    clock.advance(3600);
    restart();
    EXPECT_EQ(agent->changes().last_success_wall_s, changed_s);
}

TEST_F(AgentTest, AGateThatWasOpenedPastTheAgentIsInTheAuditLog) {
    agent->tick();
    const std::uint64_t records = agent->audit_log().head().sequence;
    kernel.control.open = 1;
    agent->tick();
    EXPECT_EQ(agent->audit_log().head().sequence, records + 1);
    agent->tick();
    EXPECT_EQ(agent->audit_log().head().sequence, records + 1);
}

TEST_F(AgentTest, ABlockListThatTheKernelHasInPartIsWholeAfterARestart) {
    const std::vector<Prefix> wanted{prefix("192.0.2.0/24"), prefix("198.51.100.0/24")};
    ASSERT_TRUE(agent->replace_blocklist(wanted));
    kernel.blocklist = {prefix("198.51.100.0/24"), prefix("203.0.113.0/24")};
    const std::uint32_t number = agent->gate().generation()->number;
    restart();
    EXPECT_THAT(kernel.blocklist, testing::UnorderedElementsAreArray(wanted));
    EXPECT_EQ(agent->blocklist().prefixes(), wanted);
    EXPECT_GT(agent->gate().generation()->number, number) << "flows keep their verdicts";
}

TEST_F(AgentTest, ARestartWithTheBlockListThatTheKernelHasChangesNothing) {
    ASSERT_TRUE(agent->block({prefix("192.0.2.0/24"), prefix("198.51.100.0/24")}));
    const std::uint32_t number = agent->gate().generation()->number;
    restart();
    EXPECT_EQ(agent->gate().generation()->number, number);
    EXPECT_EQ(kernel.blocklist.size(), 2U);
}

TEST_F(AgentTest, ABlockListWhoseFileIsLostGoesOnInTheKernel) {
    ASSERT_TRUE(agent->block({prefix("192.0.2.0/24")}));
    std::filesystem::remove(folder.path() / "blocklist");
    restart();
    EXPECT_EQ(kernel.blocklist.size(), 1U);
    EXPECT_EQ(agent->blocklist().prefixes(), kernel.blocklist);
}

TEST_F(AgentTest, AChangeOfTheBlockListThatTheKernelRefusesIsNone) {
    const std::vector<Prefix> before{prefix("192.0.2.0/24"), prefix("198.51.100.0/24")};
    ASSERT_TRUE(agent->replace_blocklist(before));
    gate->fails = "bump";
    EXPECT_FALSE(agent->replace_blocklist({prefix("198.51.100.0/24"), prefix("203.0.113.0/24")}));
    gate->fails.clear();
    EXPECT_EQ(agent->blocklist().prefixes(), before);
    EXPECT_THAT(kernel.blocklist, testing::UnorderedElementsAreArray(before));
    restart();
    EXPECT_EQ(agent->blocklist().prefixes(), before);
}

// Case F05
TEST_F(AgentTest, WithADiskThatTakesNothingItStartsAndSaysWhatIsNotKept) {
    Proposal proposal;
    proposal.stages["lo"] = policy::Stage::audit;
    proposal.confirm_within = std::chrono::seconds{0};
    ASSERT_TRUE(agent->change(proposal));
    ASSERT_TRUE(agent->block({prefix("192.0.2.0/24")}));
    agent.reset();
    kernel = test::FakeKernel{};
    test::DiskCalls disk;
    disk.sync_fails = true;
    restart();
    EXPECT_EQ(agent->warden().stage_of("lo"), policy::Stage::audit);
    EXPECT_EQ(kernel.blocklist.size(), 1U);
    EXPECT_GT(agent->audit_log().failures(), 0U);
    EXPECT_THAT(agent->warnings(), testing::Contains(testing::HasSubstr("cannot be kept")));
}

// Case F05
TEST_F(AgentTest, AnEvidenceFileThatCannotBeOpenedIsNoReasonToOpenTheHost) {
    agent.reset();
    std::filesystem::remove_all(folder.path() / "evidence.db");
    std::filesystem::create_directory(folder.path() / "evidence.db");
    restart();
    connect(clock.boot);
    EXPECT_EQ(agent->recorded_traffic().flows.size(), 1U);
    agent->stop();
    EXPECT_THAT(agent->warnings(), testing::Contains(testing::HasSubstr("evidence.db")));
}

TEST_F(AgentTest, AFlowGetsTheNameOfAnAnswerThatWaitsToBeRead) {
    answer(clock.boot - TG_SECOND);
    connect(clock.boot);
    EXPECT_EQ(recorded_name(), "example.com");
}

TEST_F(AgentTest, AFlowGetsTheNameOfAnAnswerInTheSameTick) {
    answer(clock.boot + 4'000'000);
    connect(clock.boot);
    EXPECT_EQ(recorded_name(), "example.com");
}

TEST_F(AgentTest, AnAnswerAfterAFlowIsNotTheNameItBeganWith) {
    answer(clock.boot + TG_SECOND);
    connect(clock.boot);
    EXPECT_EQ(recorded_name(), "");
}

TEST_F(AgentTest, WhatAnInterfaceCarriesIsLearnedInTheClear) {
    connect(clock.boot);
    const auto flows = agent->recorded_traffic().flows;
    ASSERT_EQ(flows.size(), 1U);
    EXPECT_EQ(flows.front().flow.link, policy::Link::clear);
}

TEST_F(AgentTest, WhatNoInterfaceCarriesAnyMoreIsNotLearned) {
    connect(clock.boot, 5);
    EXPECT_TRUE(agent->recorded_traffic().flows.empty());
}

}  // namespace
}  // namespace tollgate::agent

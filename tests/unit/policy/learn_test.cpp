// SPDX-License-Identifier: MIT
#include "policy/learn.hpp"

#include <set>
#include <string_view>

#include <gmock/gmock.h>

#include "tests/support/flows.hpp"

namespace {

using namespace tollgate;
using namespace std::chrono_literals;
using policy::Candidate;
using policy::Decision;
using policy::Objection;
using test::flow_from;
using test::flow_to;
using test::kMonday;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Learner : public testing::Test {
  protected:
    void bind(std::string_view address, const std::string& name) {
        learner_.bind(test::binding(address, name));
    }
    std::vector<std::string> keys() {
        std::vector<std::string> result;
        for (const Candidate& candidate : learner_.candidates()) {
            result.push_back(candidate.key);
        }
        return result;
    }
    Candidate only() {
        auto all = learner_.candidates();
        EXPECT_THAT(all, SizeIs(1));
        return all.empty() ? Candidate{} : all.front();
    }

    policy::Learner learner_;
};

TEST_F(Learner, AFlowToANameIsACandidateForTheName) {
    bind("192.0.2.1", "ota.example.com");
    learner_.observe(flow_to("192.0.2.1"));
    const Candidate candidate = only();
    EXPECT_EQ(candidate.id, "a1");
    EXPECT_EQ(candidate.key, "egress tcp/443 ota.example.com");
    EXPECT_EQ(candidate.objection, Objection::none);
    EXPECT_THAT(candidate.names, ElementsAre("ota.example.com"));
    EXPECT_EQ(candidate.evidence.packets, 9U);
    EXPECT_TRUE(candidate.proposed());
}

TEST_F(Learner, TheSameFlowSeenAgainOnlyAddsItsGrowth) {
    bind("192.0.2.1", "ota.example.com");
    auto flow = test::unanswered(flow_to("192.0.2.1"));
    learner_.observe(flow);
    flow.answered = true;
    flow.packets = {10, 10};
    flow.last_seen += 2h;
    learner_.observe(flow);
    learner_.observe(flow);
    const auto evidence = only().evidence;
    EXPECT_EQ(evidence.flows, 1U);
    EXPECT_EQ(evidence.answered, 1U);
    EXPECT_EQ(evidence.packets, 20U);
    EXPECT_EQ(evidence.sightings, 2U);
    EXPECT_EQ(evidence.hours.count(), 2U);
    EXPECT_EQ(evidence.last_seen, flow.last_seen);
}

TEST_F(Learner, CountsWhatItHasFound) {
    EXPECT_EQ(learner_.found(), 0U);
    learner_.observe(flow_to("192.0.2.1"));
    EXPECT_EQ(only().id, "a1");
    EXPECT_EQ(learner_.found(), 1U);
    EXPECT_EQ(only().id, "a1");
    EXPECT_EQ(learner_.found(), 1U);
}

TEST_F(Learner, AFlowKeepsTheNameItBeganWith) {
    bind("192.0.2.1", "a.example.com");
    auto flow = flow_to("192.0.2.1");
    learner_.observe(flow);
    learner_.bind({test::ip("192.0.2.1"), "b.example.net", flow.first_seen, 60s});
    flow.last_seen += 1min;
    learner_.observe(flow);
    EXPECT_THAT(keys(), ElementsAre("egress tcp/443 a.example.com"));
    EXPECT_EQ(learner_.history().flows().front().name, "a.example.com");
}

TEST_F(Learner, AnAddressNamedLaterIsTheNamesToo) {
    learner_.observe(flow_to("192.0.2.1", 0));
    learner_.bind({test::ip("192.0.2.1"), "ota.example.com", kMonday + 1min, 60s});
    learner_.observe(flow_to("192.0.2.1", 2));
    EXPECT_THAT(keys(), ElementsAre("egress tcp/443 ota.example.com"));
}

TEST_F(Learner, AConnectionSeenFromItsMiddleIsTurnedByWhatIsKnown) {
    bind("192.0.2.1", "ota.example.com");
    learner_.observe(test::with_service(flow_to("192.0.2.1", 0), IPPROTO_TCP, 50443));
    auto middle = flow_from("192.0.2.1", 40001, 5);
    middle.remote_port = 50443;
    middle.assured = true;
    learner_.observe(middle);
    EXPECT_THAT(keys(), ElementsAre("egress tcp/50443 ota.example.com"));
    EXPECT_EQ(only().evidence.flows, 2U);
}

TEST_F(Learner, RepairAddsOnlyUnknownServices) {
    bind("192.0.2.1", "ota.example.com");
    const auto service = flow_to("192.0.2.1");
    learner_.repair(service);
    learner_.repair(service);
    EXPECT_EQ(only().evidence.flows, 1U);
}

TEST_F(Learner, IdsStayWithTheirCandidates) {
    learner_.observe(test::with_service(flow_to("192.168.1.9"), IPPROTO_TCP, 80));
    EXPECT_EQ(only().id, "a1");
    learner_.observe(test::with_service(flow_to("192.168.1.9", 1), IPPROTO_TCP, 22));
    std::vector<std::string> ids;
    for (const Candidate& candidate : learner_.candidates()) {
        ids.push_back(candidate.id + " " + candidate.key);
    }
    EXPECT_THAT(ids, ElementsAre("a2 egress tcp/22 192.168.1.9", "a1 egress tcp/80 192.168.1.9"));
}

TEST_F(Learner, TheSameFlowsGiveTheSameIds) {
    policy::Learner other;
    for (int i = 0; i < 20; ++i) {
        const auto flow = test::with_service(
            flow_to("192.168.1.9", i), IPPROTO_TCP, static_cast<std::uint16_t>(80 + i));
        learner_.observe(flow);
        other.observe(flow);
    }
    const auto one = learner_.candidates();
    const auto two = other.candidates();
    ASSERT_EQ(one.size(), two.size());
    for (std::size_t i = 0; i < one.size(); ++i) {
        EXPECT_EQ(one[i].id, two[i].id);
        EXPECT_EQ(one[i].key, two[i].key);
    }
}

TEST_F(Learner, ARejectedCandidateIsNotProposed) {
    learner_.observe(flow_to("192.168.1.9"));
    ASSERT_TRUE(learner_.reject({"a1"}, "root"));
    EXPECT_EQ(only().decision, Decision::rejected);
    EXPECT_EQ(only().decided_by, "root");
    EXPECT_THAT(learner_.propose().rules, IsEmpty());
}

TEST_F(Learner, ApprovalOverrulesAnObjection) {
    learner_.observe(test::with_service(flow_to("192.168.1.9"), IPPROTO_TCP, 23));
    EXPECT_EQ(only().objection, Objection::risky);
    EXPECT_THAT(only().risk, HasSubstr("telnet"));
    EXPECT_THAT(learner_.propose().rules, IsEmpty());
    ASSERT_TRUE(learner_.approve({"a1"}, "root"));
    ASSERT_THAT(learner_.propose().rules, SizeIs(1));
    EXPECT_EQ(learner_.propose().rules[0].learned->approved_by, "root");
}

TEST_F(Learner, ApprovingAllLeavesOutWhatHasAnObjection) {
    learner_.observe(test::with_service(flow_to("192.168.1.9"), IPPROTO_TCP, 23));
    learner_.observe(test::with_service(flow_to("192.168.1.9", 1), IPPROTO_TCP, 80));
    ASSERT_TRUE(learner_.approve({"all"}, "root"));
    policy::ProposalOptions options;
    options.approved_only = true;
    const auto rules = learner_.propose(options).rules;
    ASSERT_THAT(rules, SizeIs(1));
    EXPECT_EQ(rules[0].services, (std::vector<policy::Service>{{IPPROTO_TCP, 80, 80}}));
}

TEST_F(Learner, RejectingAllRejectsWhatHasAnObjectionToo) {
    learner_.observe(test::with_service(flow_to("192.168.1.9"), IPPROTO_TCP, 23));
    learner_.observe(test::with_service(flow_to("192.168.1.9", 1), IPPROTO_TCP, 80));
    learner_.observe(test::with_service(flow_to("192.168.1.9", 2), IPPROTO_TCP, 81));
    const std::string id = learner_.candidates().front().id;
    ASSERT_TRUE(learner_.approve({id}, "root"));
    ASSERT_TRUE(learner_.reject({"all"}, "root"));
    for (const Candidate& candidate : learner_.candidates()) {
        EXPECT_EQ(candidate.decision, candidate.id == id ? Decision::approved : Decision::rejected)
            << candidate.key;
    }
}

TEST_F(Learner, AnUnknownIdDecidesNothing) {
    learner_.observe(flow_to("192.168.1.9"));
    const auto result = learner_.approve({"a1", "a7"}, "root");
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message(), HasSubstr("\"a7\""));
    EXPECT_EQ(only().decision, Decision::pending);
}

TEST_F(Learner, WhatWasApprovedStaysWhenTheEvidenceWidens) {
    learner_.observe(flow_to("192.168.1.9"));
    ASSERT_TRUE(learner_.approve({"a1"}, "root"));
    learner_.observe(flow_to("192.168.1.10", 1));
    EXPECT_THAT(keys(),
                testing::UnorderedElementsAre("egress tcp/443 192.168.1.9",
                                              "egress tcp/443 192.168.1.0/24"));
    policy::ProposalOptions options;
    options.approved_only = true;
    const auto rules = learner_.propose(options).rules;
    ASSERT_THAT(rules, SizeIs(1));
    EXPECT_THAT(rules[0].remote, ElementsAre("192.168.1.9"));
}

// Case L05
TEST_F(Learner, ServicesAreBounded) {
    policy::LearnOptions options;
    options.services_max = 3;
    policy::Learner small(options);
    for (std::uint16_t port = 1; port <= 5; ++port) {
        small.observe(test::with_service(flow_to("192.168.1.9", port), IPPROTO_TCP, port));
    }
    EXPECT_EQ(small.status().services, 3U);
    EXPECT_EQ(small.status().refused, 2U);
}

TEST_F(Learner, StatusSumsUp) {
    bind("192.0.2.1", "ota.example.com");
    learner_.observe(flow_to("192.0.2.1", 0));
    learner_.observe(flow_to("192.0.2.1", 90));
    const auto status = learner_.status();
    EXPECT_EQ(status.flows, 2U);
    EXPECT_EQ(status.services, 1U);
    EXPECT_EQ(status.names, 1U);
    EXPECT_EQ(status.first_seen, kMonday);
    EXPECT_EQ(status.last_seen, kMonday + 90min + 5s);
    EXPECT_EQ(status.readiness.observations, 2U);
    EXPECT_EQ(status.readiness.seen_once, 0U);
}

TEST_F(Learner, VainTriesOfOthersDoNotMakeItLessReady) {
    for (int i = 0; i < 30; ++i) {
        learner_.observe(flow_to("192.168.1.9", i));
        learner_.observe(
            test::unanswered(flow_from("192.0.2.7", static_cast<std::uint16_t>(i + 1), i)));
    }
    EXPECT_EQ(learner_.status().readiness.observations, 30U);
    EXPECT_EQ(learner_.status().readiness.seen_once, 0U);
}

TEST_F(Learner, ClearForgetsEverythingButTheBlocklist) {
    learner_.set_blocklist([](const IpAddress&) { return true; });
    learner_.observe(flow_to("192.0.2.1"));
    learner_.clear();
    EXPECT_EQ(learner_.status().flows, 0U);
    EXPECT_TRUE(learner_.watched().none());
    learner_.observe(flow_to("192.0.2.1"));
    EXPECT_EQ(only().objection, Objection::blocklisted);
}

TEST(HourOfWeek, BeginsOnMondayAtMidnight) {
    EXPECT_EQ(policy::hour_of_week(kMonday - 10h), 0U);
    EXPECT_EQ(policy::hour_of_week(kMonday), 10U);
    EXPECT_EQ(policy::hour_of_week(kMonday - 10h - 1us), 167U);
}

TEST(CandidateKey, IsReadBackAsTheSameRule) {
    for (const char* key : {"egress tcp/443 *.example.com",
                            "ingress udp/5353 192.168.1.0/24",
                            "egress icmp/echo-request 192.0.2.1",
                            "egress udp/123 any",
                            "egress udp/1024-65535 255.255.255.255",
                            "egress gre fe80::/10",
                            "egress tcp/80 example.com,*.example.com",
                            "ingress tcp/554 peer:nvr via tunnel",
                            "ingress tcp/554 10.9.0.2 via tunnel",
                            "egress tcp/443 *.example.com via any"}) {
        const auto candidate = policy::candidate_of(key);
        ASSERT_TRUE(candidate) << key;
        EXPECT_EQ(policy::candidate_key(candidate->rule), key);
    }
}

TEST(Labels, AreDistinctWords) {
    std::set<std::string_view> words;
    for (int i = 0; i <= static_cast<int>(Objection::unknown_link); ++i) {
        words.insert(label(static_cast<Objection>(i)));
    }
    EXPECT_EQ(words.size(), 10U);
    EXPECT_FALSE(words.contains("unknown"));
    EXPECT_EQ(label(Decision::pending), "pending");
    EXPECT_EQ(label(Decision::approved), "approved");
    EXPECT_EQ(label(Decision::rejected), "rejected");
}

TEST(ServicePort, OfProtocolsWithoutPortsIsZero) {
    EXPECT_EQ(test::with_service(flow_to("192.0.2.1"), IPPROTO_GRE, 7).service_port(), 0);
}

TEST(CandidateKey, OtherTextIsNoKey) {
    for (const char* key : {"",
                            "egress",
                            "sideways tcp/443 any",
                            "egress tcp/x any",
                            "egress tcp/443 ",
                            "egress tcp/443 bad name",
                            "egress tcp/443 any via clear",
                            "egress tcp/443 any via ",
                            "egress tcp/443  via tunnel",
                            "egress tcp/443 peer:nvr",
                            "egress tcp/443 peer:nvr via any",
                            "egress tcp/443 peer: via tunnel"}) {
        EXPECT_FALSE(policy::candidate_of(key)) << key;
    }
}

}  // namespace

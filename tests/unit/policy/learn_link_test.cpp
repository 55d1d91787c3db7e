// SPDX-License-Identifier: MIT
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "policy/explain.hpp"
#include "policy/learn.hpp"
#include "policy/notation.hpp"
#include "policy/yaml_writer.hpp"
#include "tests/support/flows.hpp"

namespace {

using namespace tollgate;
using policy::FlowRecord;
using policy::Link;
using policy::Objection;
using test::flow_from;
using test::flow_to;
using test::in_tunnel;
using test::with_service;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;

FlowRecord from_before(FlowRecord flow) {
    flow.link = Link::unknown;
    return flow;
}

/// Whether the first packet of a flow like this one passes.
bool passes(const policy::Policy& policy, const FlowRecord& flow) {
    policy::Tuple tuple;
    tuple.direction = flow.direction;
    tuple.remote = flow.remote;
    tuple.service = {flow.protocol, flow.service_port(), flow.service_port()};
    tuple.link = flow.link == Link::tunnel ? TG_LINK_TUNNEL : TG_LINK_CLEAR;
    tuple.peer = flow.peer;
    return policy::explain(policy, tuple, {}).passes();
}

/// "REMOTE via VIA" of each rule.
std::vector<std::string> rules_of(const policy::Policy& policy) {
    std::vector<std::string> rules;
    for (const policy::Rule& rule : policy.rules) {
        rules.push_back(fmt::format("{} via {}", remote_text(rule), policy::to_text(rule.via)));
    }
    return rules;
}

class LearnedLink : public testing::Test {
  protected:
    std::vector<std::string> keys() {
        std::vector<std::string> result;
        for (const policy::Candidate& candidate : learner_.candidates()) {
            result.push_back(candidate.key);
        }
        return result;
    }
    void named(const FlowRecord& flow, const std::string& name) {
        learner_.bind({flow.remote, name, flow.first_seen, std::chrono::hours(1)});
        learner_.observe(flow);
    }
    void observe(const std::vector<FlowRecord>& flows) {
        for (const FlowRecord& flow : flows) {
            learner_.observe(flow);
        }
    }

    policy::Learner learner_;
};

TEST_F(LearnedLink, WhatWasSeenInATunnelOnlyIsNotAllowedInTheClear) {
    const FlowRecord seen = in_tunnel(flow_from("10.9.0.2", 8080), "nvr");
    learner_.observe(seen);
    EXPECT_THAT(keys(), ElementsAre("ingress tcp/8080 peer:nvr via tunnel"));
    const policy::Policy proposal = learner_.propose();
    EXPECT_TRUE(passes(proposal, seen));
    EXPECT_FALSE(passes(proposal, flow_from("10.9.0.2", 8080)));
    EXPECT_FALSE(passes(proposal, in_tunnel(flow_from("10.9.0.3", 8080), "desk")));
    EXPECT_THAT(write_policy(proposal), HasSubstr("remote: {peer: [nvr]}\n"));
}

TEST_F(LearnedLink, WhatWasSeenInTheClearOnlyIsNotAllowedInATunnel) {
    observe({in_tunnel(flow_from("10.9.0.2", 22), "nvr"), flow_from("192.168.1.9", 8080)});
    const policy::Policy proposal = learner_.propose();
    EXPECT_TRUE(passes(proposal, flow_from("192.168.1.9", 8080)));
    EXPECT_FALSE(passes(proposal, in_tunnel(flow_from("192.168.1.9", 8080))));
    EXPECT_THAT(write_policy(proposal), HasSubstr("via: clear"));
}

TEST_F(LearnedLink, AHostWithoutATunnelHasRulesThatSayNothingOfLinks) {
    learner_.observe(flow_from("192.168.1.9", 8080));
    EXPECT_THAT(write_policy(learner_.propose()), Not(HasSubstr("via")));
    policy::ProposalOptions options;
    options.tunnels = true;
    EXPECT_THAT(write_policy(learner_.propose(options)), HasSubstr("via: clear"));
}

TEST_F(LearnedLink, WhatIsTheSameOnBothLinksIsOneRule) {
    for (const FlowRecord& flow : {flow_to("192.0.2.1", 0), in_tunnel(flow_to("192.0.2.1", 1))}) {
        named(flow, "ota.example.com");
    }
    EXPECT_THAT(
        keys(),
        ElementsAre("egress tcp/443 ota.example.com", "egress tcp/443 ota.example.com via tunnel"));
    const policy::Policy proposal = learner_.propose();
    EXPECT_THAT(rules_of(proposal), ElementsAre("ota.example.com via any"));
    EXPECT_EQ(proposal.rules.at(0).learned->packets, 18U);
}

TEST_F(LearnedLink, APeerAndTheSameAddressInTheClearAreTwoRules) {
    observe({flow_from("10.9.0.2", 8080), in_tunnel(flow_from("10.9.0.2", 8080), "nvr")});
    EXPECT_THAT(rules_of(learner_.propose()),
                UnorderedElementsAre("10.9.0.2 via clear", "peer nvr via tunnel"));
}

TEST_F(LearnedLink, WhatDiffersInItsServicesStaysTwoRules) {
    observe({flow_from("192.168.1.9", 80),
             flow_from("192.168.1.9", 81),
             in_tunnel(flow_from("192.168.1.9", 80))});
    const policy::Policy proposal = learner_.propose();
    EXPECT_THAT(rules_of(proposal),
                UnorderedElementsAre("192.168.1.9 via clear", "192.168.1.9 via tunnel"));
    EXPECT_FALSE(passes(proposal, in_tunnel(flow_from("192.168.1.9", 81))));
}

TEST_F(LearnedLink, PeersWithTheSameServiceShareARule) {
    observe({in_tunnel(flow_from("10.9.0.2", 554), "nvr"),
             in_tunnel(flow_from("10.9.0.3", 554), "desk")});
    const policy::Policy proposal = learner_.propose();
    EXPECT_THAT(rules_of(proposal), ElementsAre("peer desk, peer nvr via tunnel"));
    EXPECT_EQ(proposal.rules.at(0).name, "rtsp-peers-in");
}

TEST_F(LearnedLink, AllAddressesOfAPeerAreOneCandidate) {
    observe({in_tunnel(flow_from("10.9.0.2", 554), "site"),
             in_tunnel(flow_from("10.9.7.7", 554), "site")});
    EXPECT_THAT(keys(), ElementsAre("ingress tcp/554 peer:site via tunnel"));
    EXPECT_EQ(learner_.propose().rules.at(0).name, "rtsp-site-in");
}

TEST_F(LearnedLink, APeerAndAnAddressWithoutOneAreTwoRules) {
    observe({in_tunnel(flow_from("10.9.0.2", 554), "nvr"), in_tunnel(flow_from("10.9.0.3", 554))});
    const policy::Policy proposal = learner_.propose();
    EXPECT_THAT(rules_of(proposal),
                UnorderedElementsAre("peer nvr via tunnel", "10.9.0.3 via tunnel"));
    EXPECT_TRUE(passes(proposal, in_tunnel(flow_from("10.9.0.3", 554))));
}

TEST_F(LearnedLink, APeerWhoIsAskedForNamesHasARuleOfItsOwn) {
    const FlowRecord ask = with_service(flow_to("10.9.0.2"), IPPROTO_UDP, 53);
    FlowRecord ask_nobody = ask;
    ask_nobody.remote = test::ip("10.9.0.3");
    observe({in_tunnel(ask, "nvr"), in_tunnel(ask_nobody)});
    EXPECT_THAT(rules_of(learner_.propose()),
                UnorderedElementsAre("peer nvr via tunnel", "10.9.0.3 via tunnel"));
}

TEST_F(LearnedLink, TooManyPeersAreAnyInTheTunnelAndNeedApproval) {
    for (int i = 1; i <= 9; ++i) {
        learner_.observe(
            in_tunnel(flow_from(fmt::format("10.9.0.{}", i), 554, i), fmt::format("peer-{}", i)));
    }
    EXPECT_THAT(keys(), ElementsAre("ingress tcp/554 any via tunnel"));
    EXPECT_EQ(learner_.candidates().at(0).objection, Objection::fan_out);
    EXPECT_THAT(learner_.propose().rules, IsEmpty());
}

TEST_F(LearnedLink, ADeviceThatAsksForANameGetsTheNameWhoComesIsThePeer) {
    named(in_tunnel(flow_to("10.9.0.2", 0), "site"), "files.example.com");
    learner_.observe(in_tunnel(flow_from("10.9.0.2", 22, 1), "site"));
    EXPECT_THAT(keys(),
                ElementsAre("egress tcp/443 files.example.com via tunnel",
                            "ingress tcp/22 peer:site via tunnel"));
}

TEST_F(LearnedLink, NamesOfOneDomainOnTwoLinksAreNoWildcard) {
    named(flow_to("192.0.2.1", 0), "a.example.com");
    named(in_tunnel(flow_to("192.0.2.2", 1)), "b.example.com");
    EXPECT_THAT(rules_of(learner_.propose()),
                UnorderedElementsAre("a.example.com via clear", "b.example.com via tunnel"));
}

TEST_F(LearnedLink, ATunnelIsNoPartOfTheLocalNetwork) {
    observe({flow_from("192.168.1.9", 80, 0),
             flow_from("192.168.1.10", 80, 1),
             in_tunnel(flow_from("192.168.2.9", 80, 2)),
             in_tunnel(flow_from("192.168.2.10", 80, 3))});
    const policy::Policy proposal = learner_.propose();
    EXPECT_THAT(rules_of(proposal),
                UnorderedElementsAre("lan via clear", "192.168.2.9, 192.168.2.10 via tunnel"));
    ASSERT_THAT(proposal.groups, SizeIs(1));
    EXPECT_THAT(proposal.groups.at(0).selector.prefixes,
                ElementsAre(Prefix::parse("192.168.1.0/24").value()));
}

TEST_F(LearnedLink, ANetworkApprovedForBothLinksDoesNotWidenTheLocalOne) {
    learner_.restore("ingress tcp/81 10.9.0.0/24 via any", {1, policy::Decision::approved, "root"});
    observe({flow_from("192.168.1.9", 80, 0), flow_from("192.168.1.10", 80, 1)});
    EXPECT_FALSE(passes(learner_.propose(), flow_from("10.9.0.2", 80)));
}

TEST_F(LearnedLink, AScanInATunnelSaysNothingOfTheClear) {
    for (std::uint16_t port = 1; port <= 16; ++port) {
        learner_.observe(in_tunnel(test::unanswered(flow_from("192.168.1.7", port, port))));
    }
    observe({flow_from("192.168.1.7", 80), in_tunnel(flow_from("192.168.1.7", 81))});
    EXPECT_THAT(keys(), Contains("ingress tcp/80 192.168.1.7"));
    EXPECT_THAT(rules_of(learner_.propose()), ElementsAre("192.168.1.7 via clear"));
}

TEST_F(LearnedLink, PassingPortsInATunnelSayNothingOfTheClear) {
    for (std::uint16_t i = 0; i < 5; ++i) {
        const auto port = static_cast<std::uint16_t>(50000 + i);
        learner_.observe(in_tunnel(with_service(flow_to("192.168.1.9", i), IPPROTO_UDP, port)));
    }
    learner_.observe(with_service(flow_to("192.168.1.9", 9), IPPROTO_UDP, 50000));
    EXPECT_THAT(rules_of(learner_.propose()), ElementsAre("192.168.1.9 via clear"));
}

TEST_F(LearnedLink, TheSamePortsInATunnelAndInTheClearAreTwoFlows) {
    observe({flow_from("10.9.0.2", 80), in_tunnel(flow_from("10.9.0.2", 80))});
    EXPECT_EQ(learner_.history().size(), 2U);
    EXPECT_EQ(learner_.status().flows, 2U);
}

TEST_F(LearnedLink, EvidenceOfAnUnknownLinkIsNotProposedUntilApproved) {
    learner_.observe(from_before(flow_from("192.168.1.9", 80)));
    const auto candidate = learner_.candidates().at(0);
    EXPECT_EQ(candidate.key, "ingress tcp/80 192.168.1.9 via any");
    EXPECT_EQ(candidate.objection, Objection::unknown_link);
    EXPECT_THAT(learner_.propose().rules, IsEmpty());
    ASSERT_TRUE(learner_.approve({candidate.id}, "root"));
    EXPECT_THAT(rules_of(learner_.propose()), ElementsAre("192.168.1.9 via any"));
}

TEST_F(LearnedLink, WhatIsSeenAgainOnALinkTakesThePlaceOfWhatIsUnknown) {
    observe({from_before(flow_from("192.168.1.9", 80, 0)), flow_from("192.168.1.9", 80, 9)});
    EXPECT_THAT(keys(), ElementsAre("ingress tcp/80 192.168.1.9"));
}

TEST_F(LearnedLink, WhatIsOnlyTriedInVainDoesNotTakeThePlaceOfWhatIsUnknown) {
    observe({from_before(flow_from("192.168.1.9", 80, 0)),
             test::unanswered(flow_from("192.168.1.9", 80, 9))});
    EXPECT_THAT(keys(), SizeIs(2));
}

/// Random traffic of few hosts and ports, so that much of it is alike.
std::vector<FlowRecord> random_flows(std::mt19937& random) {
    const auto below = [&](unsigned bound) {
        return std::uniform_int_distribution<unsigned>(0, bound - 1)(random);
    };
    std::vector<FlowRecord> flows;
    for (int i = 0; i < 24; ++i) {
        const unsigned host = 1 + below(4);
        const auto net = below(2) == 0 ? "192.168.1" : "10.9.0";
        const std::string remote = fmt::format("{}.{}", net, host);
        const auto port = static_cast<std::uint16_t>(below(3) == 0 ? 60000 + below(6) : 80);
        FlowRecord flow = below(2) == 0 ? flow_from(remote, port, i)
                                        : with_service(flow_to(remote, i), IPPROTO_TCP, port);
        flow.answered = below(4) != 0;
        flows.push_back(below(2) == 0 ? flow
                                      : in_tunnel(flow, host == 4 ? "" : fmt::format("p{}", host)));
    }
    return flows;
}

policy::Policy learned(const std::vector<FlowRecord>& flows, std::optional<Link> link) {
    policy::Learner learner;
    for (const FlowRecord& flow : flows) {
        if (!link || flow.link == *link) {
            learner.observe(flow);
        }
    }
    policy::ProposalOptions options;
    options.tunnels = true;
    return learner.propose(options);
}

TEST(LearnedLinks, WhatOneLinkCarriesChangesNothingOfWhatIsAllowedOnTheOther) {
    for (unsigned seed = 0; seed < 100; ++seed) {
        std::mt19937 random(seed);
        const auto flows = random_flows(random);
        const policy::Policy all = learned(flows, std::nullopt);
        ASSERT_LE(all.rules.size(), 30U);  // more would be joined
        for (const Link link : {Link::clear, Link::tunnel}) {
            const policy::Policy alone = learned(flows, link);
            for (FlowRecord flow : flows) {
                flow.link = link;
                flow.peer = link == Link::tunnel ? flow.peer : "";
                EXPECT_EQ(passes(all, flow), passes(alone, flow))
                    << seed << write_policy(all) << write_policy(alone);
            }
        }
    }
}

}  // namespace

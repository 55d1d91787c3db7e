// SPDX-License-Identifier: MIT
#include "policy/learn_finder.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "policy/learn.hpp"
#include "policy/learn_patterns.hpp"
#include "tests/support/flows.hpp"

namespace {

using namespace tollgate;
using namespace std::chrono_literals;
using policy::Objection;
using test::flow_from;
using test::flow_to;
using test::unanswered;
using test::with_service;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class Candidates : public testing::Test {
  protected:
    // "KEY" of what is proposed, "KEY: OBJECTION" of the rest.
    std::vector<std::string> found() {
        std::vector<std::string> result;
        for (const auto& candidate : learner_.candidates()) {
            const bool none = candidate.objection == Objection::none;
            EXPECT_EQ(none, candidate.reason.empty());
            result.push_back(candidate.key +
                             (none ? "" : fmt::format(": {}", label(candidate.objection))));
        }
        return result;
    }
    void named(std::string_view address, const std::string& name, int minute = 0) {
        learner_.bind(test::binding(address, name));
        learner_.observe(flow_to(address, minute));
    }

    policy::Learner learner_;
};

TEST_F(Candidates, NamesOfOneDomainBecomeAWildcard) {
    named("192.0.2.1", "a.example.com");
    named("192.0.2.2", "b.example.com");
    EXPECT_THAT(found(), ElementsAre("egress tcp/443 *.example.com"));
}

TEST_F(Candidates, TheDomainItselfIsListedBesideItsWildcard) {
    named("192.0.2.1", "example.com");
    named("192.0.2.2", "b.example.com");
    EXPECT_THAT(found(), ElementsAre("egress tcp/443 example.com,*.example.com"));
}

TEST_F(Candidates, NamesOfTwoDomainsStayApart) {
    named("192.0.2.1", "a.example.com");
    named("192.0.2.2", "b.example.org");
    EXPECT_THAT(found(),
                ElementsAre("egress tcp/443 a.example.com", "egress tcp/443 b.example.org"));
}

TEST_F(Candidates, NeighboursOnASharedHostStayApart) {
    named("192.0.2.1", "a.cloudfront.net");
    named("192.0.2.2", "b.cloudfront.net");
    EXPECT_THAT(found(), SizeIs(2));
}

TEST_F(Candidates, ManyAddressesOfOneNameAreOneCandidate) {
    for (int i = 1; i <= 50; ++i) {
        named(fmt::format("192.0.2.{}", i), "cdn.example.com", i);
    }
    EXPECT_THAT(found(), ElementsAre("egress tcp/443 cdn.example.com"));
}

TEST_F(Candidates, OneLocalPeerIsItsAddressTwoAreTheNetwork) {
    learner_.observe(flow_from("192.168.1.9", 80, 0));
    EXPECT_THAT(found(), ElementsAre("ingress tcp/80 192.168.1.9"));
    learner_.observe(flow_from("192.168.1.200", 80, 1));
    EXPECT_THAT(found(), ElementsAre("ingress tcp/80 192.168.1.0/24"));
}

TEST_F(Candidates, AnInboundServiceThatDoesNotAnswerIsNotProposed) {
    learner_.observe(unanswered(flow_from("192.168.1.9", 80)));
    EXPECT_THAT(found(), ElementsAre("ingress tcp/80 192.168.1.9: unanswered"));
}

TEST_F(Candidates, AScannerIsNotProposedEvenWhereItWasAnswered) {
    for (std::uint16_t port = 1; port <= 16; ++port) {
        learner_.observe(unanswered(flow_from("192.0.2.7", port, port)));
    }
    learner_.observe(flow_from("192.0.2.7", 80, 20));
    learner_.observe(flow_from("192.0.2.7", 80, 21));
    EXPECT_THAT(found(), Contains("ingress tcp/80 192.0.2.7: scan"));
}

TEST_F(Candidates, FifteenPortsInVainAreNoScanYet) {
    for (std::uint16_t port = 1; port <= 15; ++port) {
        learner_.observe(unanswered(flow_from("192.0.2.7", port, port)));
    }
    learner_.observe(flow_from("192.0.2.7", 80, 20));
    learner_.observe(flow_from("192.0.2.7", 80, 21));
    EXPECT_THAT(found(), Contains("ingress tcp/80 192.0.2.7"));
}

TEST_F(Candidates, ADeviceThatScansIsNotHelped) {
    for (int i = 1; i <= 16; ++i) {
        for (int round = 0; round < 3; ++round) {
            learner_.observe(unanswered(with_service(
                flow_to(fmt::format("192.0.2.{}", i), 100 * round + i), IPPROTO_TCP, 81)));
        }
    }
    EXPECT_THAT(found(), testing::Each(testing::EndsWith(": scan")));
}

// Case L05
TEST_F(Candidates, TooManyPeersOnOnePortAreAnyAndNeedApproval) {
    for (int i = 1; i <= 9; ++i) {
        learner_.observe(with_service(flow_to(fmt::format("192.0.2.{}", i), i), IPPROTO_TCP, 3478));
    }
    EXPECT_THAT(found(), ElementsAre("egress tcp/3478 any: fan-out"));
    EXPECT_TRUE(learner_.candidates().front().wide);
}

TEST_F(Candidates, AnAddressWithoutNameNeedsASecondFlow) {
    learner_.observe(flow_to("192.0.2.1", 0));
    EXPECT_THAT(found(), ElementsAre("egress tcp/443 192.0.2.1: seen-once"));
    learner_.observe(flow_to("192.0.2.1", 1));
    EXPECT_THAT(found(), ElementsAre("egress tcp/443 192.0.2.1"));
}

TEST_F(Candidates, BlocklistedPeersAreNotProposed) {
    learner_.set_blocklist([](const IpAddress& a) { return a == test::ip("192.0.2.1"); });
    learner_.observe(flow_to("192.0.2.1", 0));
    learner_.observe(flow_to("192.0.2.1", 1));
    EXPECT_THAT(found(), ElementsAre("egress tcp/443 192.0.2.1: blocklisted"));
}

TEST_F(Candidates, AHabitIsProposedThoughNobodyAnswers) {
    for (int i = 0; i < 3; ++i) {
        learner_.observe(unanswered(flow_to("192.168.1.9", 6 * i)));
    }
    EXPECT_THAT(found(), ElementsAre("egress tcp/443 192.168.1.9"));
}

TEST_F(Candidates, AFewTriesAtOnceAreNoHabit) {
    for (int i = 0; i < 3; ++i) {
        learner_.observe(unanswered(flow_to("192.168.1.9", i)));
    }
    EXPECT_THAT(found(), ElementsAre("egress tcp/443 192.168.1.9: unanswered"));
}

TEST_F(Candidates, RiskyServicesNeedApproval) {
    for (const int port : {23, 2323, 139, 445, 3389, 5555, 5900}) {
        learner_.clear();
        learner_.observe(flow_from("192.168.1.9", static_cast<std::uint16_t>(port)));
        const auto all = learner_.candidates();
        ASSERT_THAT(all, SizeIs(1));
        EXPECT_EQ(all[0].objection, Objection::risky) << port;
        EXPECT_FALSE(all[0].risk.empty());
    }
}

TEST_F(Candidates, ChangingDynamicPortsAreNotProposedOneByOne) {
    for (std::uint16_t i = 0; i < 5; ++i) {
        learner_.observe(with_service(
            flow_to("192.168.1.9", i), IPPROTO_UDP, static_cast<std::uint16_t>(50000 + i)));
    }
    EXPECT_THAT(found(), testing::Each(testing::EndsWith(": ephemeral")));
}

TEST_F(Candidates, ADynamicPortThatComesBackIsAService) {
    for (std::uint16_t i = 0; i < 5; ++i) {
        learner_.observe(with_service(
            flow_to("192.168.1.9", i), IPPROTO_UDP, static_cast<std::uint16_t>(50000 + i)));
    }
    learner_.observe(with_service(flow_to("192.168.1.9", 60), IPPROTO_UDP, 50000));
    EXPECT_THAT(found(), Contains("egress udp/50000 192.168.1.9"));
}

TEST_F(Candidates, TheDynamicRangeIsProposedIfAskedFor) {
    policy::LearnOptions options;
    options.ephemeral_ports = true;
    learner_ = policy::Learner(options);
    for (std::uint16_t i = 0; i < 5; ++i) {
        learner_.observe(with_service(
            flow_to("192.168.1.9", i), IPPROTO_UDP, static_cast<std::uint16_t>(50000 + i)));
    }
    EXPECT_THAT(found(), ElementsAre("egress udp/32768-65535 192.168.1.9"));
}

TEST_F(Candidates, AMulticastTheDeviceSpeaksIsHeardToo) {
    const auto heard = test::to_group(
        with_service(flow_from("192.168.1.9", 5353), IPPROTO_UDP, 5353), "224.0.0.251");
    learner_.observe(heard);
    EXPECT_THAT(found(), ElementsAre(testing::EndsWith(": bystander")));
    learner_.observe(
        test::to_group(with_service(flow_to("192.168.1.9", 1), IPPROTO_UDP, 5353), "224.0.0.251"));
    EXPECT_THAT(found(),
                testing::UnorderedElementsAre("egress udp/5353 224.0.0.251",
                                              "ingress udp/5353 192.168.1.0/24"));
}

TEST_F(Candidates, BroadcastsToManyPortsAreOneRange) {
    for (std::uint16_t i = 0; i < 8; ++i) {
        learner_.observe(test::to_group(
            with_service(
                flow_to("192.168.1.9", i), IPPROTO_UDP, static_cast<std::uint16_t>(2000 + 77 * i)),
            "255.255.255.255"));
    }
    EXPECT_THAT(found(), ElementsAre("egress udp/1024-65535 255.255.255.255"));
}

TEST_F(Candidates, AFewTimeServersAreListedManyAreAny) {
    for (int i = 1; i <= 4; ++i) {
        const std::string address = fmt::format("192.0.2.{}", i);
        learner_.bind(test::binding(address, fmt::format("{}.pool.ntp.org", i)));
        learner_.observe(with_service(flow_to(address, i), IPPROTO_UDP, 123));
    }
    EXPECT_THAT(found(), SizeIs(4));
    learner_.observe(with_service(flow_to("192.0.2.9", 9), IPPROTO_UDP, 123));
    EXPECT_THAT(found(), ElementsAre("egress udp/123 any"));
}

TEST(LocalNetwork, IsAtLeastASlash24AndAtMostItsPrivateBlock) {
    using policy::local_network;
    EXPECT_THAT(local_network({test::ip("192.168.1.9")}),
                ElementsAre(Prefix::parse("192.168.1.0/24").value()));
    EXPECT_THAT(local_network({test::ip("192.168.1.9"), test::ip("192.168.2.9")}),
                ElementsAre(Prefix::parse("192.168.0.0/22").value()));
    EXPECT_THAT(local_network({test::ip("192.168.1.9"), test::ip("10.0.0.1")}), SizeIs(2));
    EXPECT_THAT(local_network({test::ip("fe80::1"), test::ip("fe80::2:1")}),
                ElementsAre(Prefix::parse("fe80::/64").value()));
    EXPECT_THAT(local_network({}), IsEmpty());
}

}  // namespace

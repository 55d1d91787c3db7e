// SPDX-License-Identifier: MIT
#include "agent/core/coverage.hpp"

#include <netinet/in.h>

#include <gtest/gtest.h>

#include "tests/support/talk.hpp"

namespace tollgate::agent {
namespace {

using policy::Via;

policy::Rule web(Via via, std::vector<std::string> peers = {}) {
    policy::Rule rule =
        test::allow("web", policy::Direction::ingress, {test::service(IPPROTO_TCP, 80)});
    rule.via = via;
    rule.selector.peers = std::move(peers);
    return rule;
}

TEST(Coverage, ARuleForBothLinksCoversOneForEither) {
    for (const Via via : {Via::any, Via::clear, Via::tunnel}) {
        EXPECT_TRUE(covers(web(Via::any), web(via)));
        EXPECT_TRUE(covers(web(via), web(via)));
    }
}

TEST(Coverage, ARuleForOneLinkCoversNothingOfTheOther) {
    EXPECT_FALSE(covers(web(Via::clear), web(Via::tunnel)));
    EXPECT_FALSE(covers(web(Via::tunnel), web(Via::clear)));
    EXPECT_FALSE(covers(web(Via::clear), web(Via::any)));
}

TEST(Coverage, ARuleForAPeerCoversThatPeerOnly) {
    const policy::Rule both = web(Via::tunnel, {"nvr", "desk"});
    EXPECT_TRUE(covers(both, web(Via::tunnel, {"nvr"})));
    EXPECT_FALSE(covers(both, web(Via::tunnel, {"nvr", "site"})));
    EXPECT_FALSE(covers(both, web(Via::tunnel)));
    EXPECT_TRUE(covers(web(Via::tunnel), both));
}

TEST(Coverage, AnAddressDoesNotCoverAPeer) {
    policy::Rule address = web(Via::any);
    address.selector.prefixes = {*Prefix::parse("10.9.0.2")};
    EXPECT_FALSE(covers(address, web(Via::tunnel, {"nvr"})));
}

TEST(Coverage, WhatIsCoveredOnTheOtherLinkOnlyIsAdded) {
    const auto merged = with_rules_of(test::policy_of({web(Via::clear)}),
                                      test::policy_of({web(Via::tunnel, {"nvr"})}));
    ASSERT_EQ(merged.rules.size(), 2U);
    EXPECT_EQ(merged.rules.at(1).via, Via::tunnel);
}

}  // namespace
}  // namespace tollgate::agent

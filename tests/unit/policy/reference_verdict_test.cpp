// SPDX-License-Identifier: MIT
#include "policy/reference_verdict.hpp"

#include "tests/support/reference_gate.hpp"

namespace tollgate::test {
namespace {

using policy::Action;
using policy::PolicyVerdict;
using policy::Rank;
using policy::Rate;
using policy::ReferenceGeneration;
using policy::Request;
using policy::Rule;
using policy::WallTime;

// Section 7.
class ReferenceVerdict : public testing::Test {
  protected:
    ReferenceVerdict() {
        request.protocol = IPPROTO_TCP;
        request.service = 443;
        request.remote = ip("192.0.2.1");
        request.remote_mac = MacAddress{{2, 0, 0, 0, 0, 1}};
        generation.boot_minus_wall = -1000s;
    }
    PolicyVerdict judge(std::vector<Rule> rules) {
        generation.policy.rules = std::move(rules);
        return policy_verdict(generation, request);
    }
    static Rule expiring(Rule rule, std::chrono::seconds at) {
        rule.expires = WallTime(at);
        return rule;
    }
    // Sets the boot clock by the wall clock.
    void set_time(std::chrono::seconds wall) { request.now = wall - 1000s; }

    ReferenceGeneration generation;
    Request request;
};

std::string name(const PolicyVerdict& verdict) {
    return verdict.rule == nullptr ? "" : verdict.rule->name;
}

TEST_F(ReferenceVerdict, MatchesDirectionAndService) {
    EXPECT_TRUE(judge({allow("a", kIn)}).allowed());
    EXPECT_FALSE(judge({allow("a", kOut)}).allowed());
    EXPECT_TRUE(judge({allow("a", kIn, {service(IPPROTO_TCP, 443)})}).allowed());
    EXPECT_FALSE(judge({allow("a", kIn, {service(IPPROTO_UDP, 443)})}).allowed());
    EXPECT_TRUE(judge({allow("a", kIn, {service(IPPROTO_TCP, 400, 443)})}).allowed());
    EXPECT_TRUE(judge({allow("a", kIn, {service(IPPROTO_TCP, 443, 500)})}).allowed());
    EXPECT_FALSE(judge({allow("a", kIn, {service(IPPROTO_TCP, 444, 500)})}).allowed());
    EXPECT_FALSE(judge({allow("a", kIn, {service(IPPROTO_TCP, 400, 442)})}).allowed());
}

TEST_F(ReferenceVerdict, MatchesTheRemoteByAddressMacOrName) {
    EXPECT_TRUE(judge({towards(allow("a", kIn), "192.0.2.0/24")}).allowed());
    EXPECT_FALSE(judge({towards(allow("a", kIn), "198.51.100.0/24")}).allowed());
    EXPECT_FALSE(judge({towards(allow("a", kIn), "::/0")}).allowed());
    EXPECT_TRUE(judge({towards(allow("a", kIn), "02:00:00:00:00:01")}).allowed());
    EXPECT_FALSE(judge({towards(allow("a", kIn), "02:00:00:00:00:02")}).allowed());
    EXPECT_FALSE(judge({named(allow("a", kIn), "example.com")}).allowed());
    request.names = {policy::NamePattern{"example.com", false}};
    EXPECT_TRUE(judge({named(allow("a", kIn), "example.com")}).allowed());
    EXPECT_FALSE(judge({named(allow("a", kIn), "example.com", true)}).allowed());
}

// Cases P39, L10
TEST_F(ReferenceVerdict, FailsafeBeatsDenyBeatsAllowBeatsDefaultInAnyOrder) {
    const Rule failsafe = rule("f", Rank::failsafe, kIn);
    const Rule deny = rule("d", Rank::deny, kIn);
    const Rule pass = allow("a", kIn);
    EXPECT_EQ(name(judge({pass, deny, failsafe})), "f");
    EXPECT_EQ(name(judge({failsafe, deny, pass})), "f");
    EXPECT_EQ(judge({pass, deny}).reason, DropReason::policy_deny);
    EXPECT_EQ(judge({deny, pass}).reason, DropReason::policy_deny);
    EXPECT_EQ(name(judge({pass})), "a");
    EXPECT_EQ(judge({}).reason, DropReason::policy_default);
}

TEST_F(ReferenceVerdict, TheBlocklistBeatsAllowAndDefaultButNotFailsafe) {
    request.blocklisted = true;
    EXPECT_EQ(judge({allow("a", kIn)}).reason, DropReason::blocklist);
    EXPECT_TRUE(judge({rule("f", Rank::failsafe, kIn), allow("a", kIn)}).allowed());
    EXPECT_EQ(judge({rule("d", Rank::deny, kIn)}).reason, DropReason::policy_deny);
    EXPECT_EQ(judge({}).reason, DropReason::policy_default);
    generation.policy.default_action = {Action::pass, Action::drop};
    EXPECT_EQ(judge({}).reason, DropReason::blocklist);
    request.blocklisted = false;
    EXPECT_TRUE(judge({}).allowed());
    request.direction = kOut;
    EXPECT_FALSE(judge({}).allowed());
}

TEST_F(ReferenceVerdict, OutsideEnforceTheBlocklistAppliesToWhatNoRuleAllows) {
    request.blocklisted = true;
    generation.stage = Stage::audit;
    EXPECT_EQ(judge({}).reason, DropReason::blocklist);
    set_time(100s);
    EXPECT_EQ(judge({expiring(allow("a", kIn), 50s)}).reason, DropReason::blocklist);
    EXPECT_EQ(judge({rule("d", Rank::deny, kIn)}).reason, DropReason::policy_deny);
}

TEST_F(ReferenceVerdict, ARuleExpiresAtItsSecond) {
    set_time(100s);
    EXPECT_TRUE(judge({expiring(allow("a", kIn), 101s)}).allowed());
    EXPECT_EQ(judge({expiring(allow("a", kIn), 100s)}).reason, DropReason::rule_expired);
    request.now -= 1ns;
    EXPECT_TRUE(judge({expiring(allow("a", kIn), 100s)}).allowed());
}

TEST_F(ReferenceVerdict, ARuleThatExpiresBetweenCompilationsDropsWhateverItsAction) {
    set_time(100s);
    EXPECT_EQ(judge({expiring(rule("d", Rank::deny, kIn), 50s), allow("a", kIn)}).reason,
              DropReason::rule_expired);
    EXPECT_EQ(judge({expiring(rule("f", Rank::failsafe, kIn), 50s), allow("a", kIn)}).reason,
              DropReason::rule_expired);
}

TEST_F(ReferenceVerdict, ARuleThatHadExpiredGivesWayToAllOthers) {
    set_time(100s);
    generation.compiled_at = WallTime(60s);
    EXPECT_EQ(name(judge({expiring(rule("f", Rank::failsafe, kIn), 60s), allow("a", kIn)})), "a");
    EXPECT_EQ(judge({expiring(rule("d", Rank::deny, kIn), 60s)}).reason,
              DropReason::policy_default);
    EXPECT_EQ(judge({expiring(allow("a", kIn), 60s)}).reason, DropReason::rule_expired);
}

TEST_F(ReferenceVerdict, AmongEqualsTheOneThatExpiresLastDecidesThenTheFirst) {
    EXPECT_EQ(name(judge({allow("a", kIn), allow("b", kIn)})), "a");
    EXPECT_EQ(name(judge({expiring(allow("a", kIn), 10000s), allow("b", kIn)})), "b");
    EXPECT_EQ(name(judge({allow("a", kIn), expiring(allow("b", kIn), 10000s)})), "a");
    EXPECT_EQ(name(judge({expiring(allow("a", kIn), 10000s), expiring(allow("b", kIn), 10001s)})),
              "b");
}

// Limits.

class ReferenceLimits : public ReferenceGate {
  protected:
    void use_limit(policy::Limit limit) {
        Rule limited = allow("limited", kIn);
        limited.limit = limit;
        use(policy_of({limited, allow("out", kOut)}));
    }
    Judgement from_port(std::uint16_t port) {
        talk.remote_port = port;
        return in(talk.udp(kIn));
    }
};

TEST_F(ReferenceLimits, ABurstIsOneSecondsWorth) {
    use_limit({Rate{3, 1s}, {}});
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(passed(in(talk.udp(kIn))));
    }
    const Judgement over = in(talk.udp(kIn));
    EXPECT_TRUE(dropped(over, DropReason::rate_limit));
    EXPECT_EQ(over.rule->name, "limited");
    now += 334ms;
    EXPECT_TRUE(passed(in(talk.udp(kIn))));
    EXPECT_TRUE(dropped(in(talk.udp(kIn)), DropReason::rate_limit));
}

TEST_F(ReferenceLimits, ABurstIsAtLeastOne) {
    use_limit({Rate{2, 60s}, {}});
    EXPECT_TRUE(passed(in(talk.udp(kIn))));
    EXPECT_TRUE(dropped(in(talk.udp(kIn)), DropReason::rate_limit));
    now += 30s;
    EXPECT_TRUE(passed(in(talk.udp(kIn))));
}

TEST_F(ReferenceLimits, PacketsOfBothDirectionsCountTogether) {
    use_limit({Rate{2, 1s}, {}});
    EXPECT_TRUE(passed(in(talk.udp(kIn))));
    EXPECT_TRUE(passed(out(talk.udp(kOut))));
    EXPECT_TRUE(dropped(out(talk.udp(kOut)), DropReason::rate_limit));
}

TEST_F(ReferenceLimits, NewFlowsAreLimitedButNotTheirPackets) {
    use_limit({{}, Rate{1, 1s}});
    EXPECT_TRUE(passed(from_port(1000)));
    EXPECT_TRUE(dropped(from_port(1001), DropReason::rate_limit));
    EXPECT_TRUE(passed(from_port(1000)));
    EXPECT_EQ(model.flows().size(), 1U);
}

TEST_F(ReferenceLimits, ALiveFlowEndsToPassWhenItsRuleExpires) {
    Rule rule = allow("until", kOut);
    rule.expires = WallTime(std::chrono::duration_cast<std::chrono::seconds>(now + 10s));
    use(policy_of({rule}));
    EXPECT_TRUE(passed(out(talk.udp(kOut))));
    now += 10s;
    EXPECT_TRUE(dropped(in(talk.udp(kIn)), DropReason::rule_expired));
}

}  // namespace
}  // namespace tollgate::test

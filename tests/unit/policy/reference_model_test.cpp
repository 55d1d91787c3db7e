// SPDX-License-Identifier: MIT
#include "policy/reference_model.hpp"

#include "tests/support/reference_gate.hpp"

namespace tollgate::test {
namespace {

using policy::Rank;
using policy::ReferenceGeneration;

using ReferenceModelTest = ReferenceGate;

ReferenceGeneration generation(policy::Policy policy, std::uint32_t number) {
    ReferenceGeneration generation;
    generation.policy = std::move(policy);
    generation.number = number;
    return generation;
}

// Section 1: the parser has tests of its own; here, that its reasons arrive.

TEST_F(ReferenceModelTest, DropsWhatTheParserRefusesUnderItsReason) {
    use_allow(kIn);
    EXPECT_TRUE(dropped(in(bytes({1, 2, 3})), DropReason::truncated));
    EXPECT_TRUE(dropped(in(ethernet({}, 0x88f7, Bytes(46))), DropReason::ethertype));
    EXPECT_TRUE(dropped(in(talk.tcp(kIn, {kSyn | kFin})), DropReason::tcp_flags));
}

// Section 2.

// Case C08
TEST_F(ReferenceModelTest, TheEmptyPolicyDropsEverythingInEnforce) {
    EXPECT_TRUE(dropped(in(talk.tcp(kIn, {})), DropReason::policy_default));
    EXPECT_TRUE(dropped(out(talk.udp(kOut)), DropReason::policy_default));
}

TEST_F(ReferenceModelTest, EverythingPassesWhenOpen) {
    model.set_open(true);
    EXPECT_TRUE(passed(in(bytes({1, 2, 3}))));
    model.set_open(false);
    EXPECT_TRUE(dropped(in(bytes({1, 2, 3})), DropReason::truncated));
    use({}, Stage::open);
    EXPECT_TRUE(passed(in(talk.tcp(kIn, {kSyn | kFin}))));
}

TEST_F(ReferenceModelTest, ADropIsAWouldDropInAuditAndLearn) {
    for (const Stage stage : {Stage::audit, Stage::learn}) {
        use({}, stage);
        EXPECT_TRUE(would_drop(in(talk.udp(kIn)), DropReason::policy_default));
        EXPECT_TRUE(would_drop(in(bytes({1, 2, 3})), DropReason::truncated));
    }
}

TEST_F(ReferenceModelTest, DenyRulesAndTheBlocklistDropInAuditToo) {
    use(policy_of({rule("no-telnet", Rank::deny, kIn, {service(IPPROTO_TCP, 23)})}), Stage::audit);
    talk.local_port = 23;
    const Judgement denied = in(talk.tcp(kIn, {}));
    EXPECT_TRUE(dropped(denied, DropReason::policy_deny));
    EXPECT_EQ(denied.rule->name, "no-telnet");

    talk.local_port = 80;
    model.blocklist_add(*Prefix::parse("192.0.2.0/24"));
    EXPECT_TRUE(dropped(in(talk.tcp(kIn, {})), DropReason::blocklist));
    model.blocklist_remove(*Prefix::parse("192.0.2.0/24"));
    EXPECT_TRUE(would_drop(in(talk.tcp(kIn, {})), DropReason::policy_default));
}

TEST_F(ReferenceModelTest, PastItsDeadlineAnUnconfirmedGenerationIsVoid) {
    use(policy_of({}));
    ReferenceGeneration next = generation(policy_of({allow("all", kIn)}), 2);
    next.deadline = now + 120s;
    model.switch_to(next, now);
    now += 120s - 1ns;
    EXPECT_EQ(model.generation(now).number, 2U);
    EXPECT_TRUE(passed(in(talk.udp(kIn))));
    now += 1ns;
    EXPECT_EQ(model.generation(now).number, 1U);
    EXPECT_TRUE(dropped(in(talk.udp(kIn)), DropReason::policy_default));

    model.switch_to(generation(policy_of({}), 3), now);
    model.revert(4);
    EXPECT_EQ(model.generation(now).policy.rules.size(), 0U);
}

TEST_F(ReferenceModelTest, AConfirmedGenerationStays) {
    ReferenceGeneration next = generation(policy_of({allow("all", kIn)}), 2);
    next.deadline = now + 120s;
    model.switch_to(next, now);
    model.confirm();
    now += 1h;
    EXPECT_TRUE(passed(in(talk.udp(kIn))));
}

TEST_F(ReferenceModelTest, RevertBringsThePreviousPolicyBack) {
    use_allow(kIn);
    model.switch_to(generation(policy_of({}), 2), now);
    EXPECT_TRUE(dropped(in(talk.udp(kIn)), DropReason::policy_default));
    model.revert(3);
    EXPECT_EQ(model.generation(now).number, 3U);
    EXPECT_TRUE(passed(in(talk.udp(kIn))));
}

// Section 4.

class ReferenceFragments : public ReferenceGate {
  protected:
    // A UDP datagram of 8 + 16 bytes in two fragments that meet at `second` bytes.
    Bytes first(Direction direction = kIn) {
        IpFields fields = talk.fields(direction, IPPROTO_UDP);
        fields.identification = 77;
        fields.fragment = 0x2000;
        fields.checksum = false;
        Bytes datagram = udp(talk.ports(direction), Bytes(8));
        put16(datagram, 4, 8 + 16);
        return ip_frame(fields, datagram, talk.link(direction));
    }
    Bytes later(unsigned offset, Direction direction = kIn, std::uint16_t id = 77) {
        IpFields fields = talk.fields(direction, IPPROTO_UDP);
        fields.identification = id;
        fields.fragment = static_cast<std::uint16_t>(offset / 8);
        fields.checksum = false;
        return ip_frame(fields, Bytes(8), talk.link(direction));
    }
};

TEST_F(ReferenceFragments, ALaterFragmentPassesAfterItsFirst) {
    use_allow(kIn);
    EXPECT_TRUE(dropped(in(later(16)), DropReason::fragment_unknown));
    EXPECT_TRUE(passed(in(first())));
    EXPECT_TRUE(passed(in(later(16))));
    EXPECT_TRUE(dropped(in(later(16, kIn, 78)), DropReason::fragment_unknown));
    EXPECT_TRUE(dropped(out(later(16, kOut)), DropReason::fragment_unknown));
}

TEST_F(ReferenceFragments, ALaterFragmentMustNotOverlapTheFirst) {
    use_allow(kIn);
    EXPECT_TRUE(passed(in(first())));
    EXPECT_TRUE(dropped(in(later(8)), DropReason::fragment_overlap));
    EXPECT_TRUE(passed(in(later(16))));
}

TEST_F(ReferenceFragments, AFirstFragmentThatIsDroppedLeavesNothing) {
    EXPECT_TRUE(dropped(in(first()), DropReason::policy_default));
    EXPECT_TRUE(dropped(in(later(16)), DropReason::fragment_unknown));
}

TEST_F(ReferenceFragments, ALaterFragmentFollowsAFirstThatPassedByItsStage) {
    use({}, Stage::audit);
    EXPECT_TRUE(would_drop(in(later(16)), DropReason::fragment_unknown));
    EXPECT_TRUE(would_drop(in(first()), DropReason::policy_default));
    EXPECT_TRUE(passed(in(later(16))));
}

TEST_F(ReferenceFragments, AreForgottenAfterThirtySeconds) {
    use_allow(kIn);
    EXPECT_TRUE(passed(in(first())));
    now += 30s;
    EXPECT_TRUE(passed(in(later(16))));
    now += 1ns;
    EXPECT_TRUE(dropped(in(later(16)), DropReason::fragment_unknown));
}

TEST_F(ReferenceFragments, InIpv6ExtensionHeadersBehindTheFragmentHeaderCount) {
    use_allow(kIn);
    talk = talk6();
    IpFields fields = talk.fields(kIn, IPPROTO_FRAGMENT);
    Bytes datagram = udp(talk.ports(kIn), Bytes(8));
    put16(datagram, 4, 64);
    const Bytes options = extension(IPPROTO_UDP, bytes({1, 4, 0, 0, 0, 0}), datagram);
    EXPECT_TRUE(passed(in(ip_frame(fields, fragment6(IPPROTO_DSTOPTS, 1, 9, options)))));
    const auto rest = [&](unsigned offset) {
        return in(ip_frame(fields, fragment6(IPPROTO_UDP, offset, 9, Bytes(8))));
    };
    EXPECT_TRUE(dropped(rest(16), DropReason::fragment_overlap));
    EXPECT_TRUE(passed(rest(24)));
}

// Section 10.

class ReferenceTunnelPeers : public ReferenceGate {
  protected:
    void SetUp() override {
        policy::Rule stream = allow("stream", kIn);
        stream.selector.peers = {"nvr"};
        stream.via = policy::Via::tunnel;
        use(policy_of({stream}));
        model.be_tunnel();
        model.peers().allow(Prefix{talk.remote, 128}, "nvr", now);
        now += 1s;
    }
    Judgement packet(const Bytes& frame) { return in({frame.begin() + 14, frame.end()}); }
};

TEST_F(ReferenceTunnelPeers, APeersRulesDieWithItAndSoDoItsFlows) {
    EXPECT_TRUE(passed(packet(talk.udp(kIn))));
    model.peers().disallow(Prefix{talk.remote, 128}, now);
    now += 1s;
    EXPECT_TRUE(dropped(packet(talk.udp(kIn)), DropReason::policy_default));
    model.peers().allow(Prefix{talk.remote, 128}, "nvr", now);
    now += 1s;
    EXPECT_TRUE(passed(packet(talk.udp(kIn))));
}

TEST_F(ReferenceTunnelPeers, TheLongestPrefixSaysWhoseAnAddressIs) {
    model.peers().allow(*Prefix::parse("0.0.0.0/0"), "desk", now);
    now += 1s;
    EXPECT_TRUE(passed(packet(talk.udp(kIn))));
    model.peers().allow(Prefix{talk.remote, 128}, "", now);
    now += 1s;
    EXPECT_TRUE(dropped(packet(talk.udp(kIn)), DropReason::policy_default));
}

TEST_F(ReferenceTunnelPeers, ATunnelHasNoBaseline) {
    use(policy_of({}));
    talk.remote_port = 67;  // an answer of DHCP
    talk.local_port = 68;
    EXPECT_TRUE(passed(in(talk.udp(kIn))));
    model.be_tunnel();
    EXPECT_TRUE(dropped(packet(talk.udp(kIn)), DropReason::policy_default));
}

}  // namespace
}  // namespace tollgate::test

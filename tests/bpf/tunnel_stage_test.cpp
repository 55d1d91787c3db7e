// SPDX-License-Identifier: MIT
// Tunnels among the rest of the gate: stages, rules, the other direction, where XDP cannot be
// attached.
#include "tests/bpf/tunnel_fixture.hpp"

namespace tollgate::test {
namespace {

class TunnelStage : public TunnelTest {
  protected:
    Outcome junk() { return in(Bytes(20)); }
    Outcome out() { return judge(talk.udp(kOut, Bytes(64)), kOut); }
    void block() {
        tg_prefix_key key{128, {}};
        std::ranges::copy(talk.remote.bytes, key.address);
        programs.put(programs.object().maps.blocklist, key, std::uint32_t{1});
    }
};

TEST_F(TunnelStage, OpenChecksNothing) {
    set_stage(TG_STAGE_OPEN);
    EXPECT_EQ(junk(), kPassed);
}

TEST_F(TunnelStage, LearnAndAuditCountWhatEnforceWouldDrop) {
    for (const tg_stage stage : {TG_STAGE_LEARN, TG_STAGE_AUDIT}) {
        set_stage(stage);
        EXPECT_EQ(junk(), would_drop(DropReason::tunnel_message));
        EXPECT_EQ(in(TunnelKeys::data()), would_drop(DropReason::tunnel_index));
        EXPECT_EQ(in_initiation(), kPassed);
    }
    EXPECT_FALSE(embryo_of(talk.udp(kIn), kIn)) << "a tunnel's messages make no flow";
    EXPECT_FALSE(flow_of(talk.udp(kIn), kIn));
}

TEST_F(TunnelStage, DenyAndBlocklistComeFirst) {
    set_rule(1, TG_ACTION_DROP);
    open_port(kIn, service(IPPROTO_UDP, talk.local_port), 1, 1);
    for (const tg_stage stage : {TG_STAGE_ENFORCE, TG_STAGE_LEARN}) {
        set_stage(stage);
        EXPECT_EQ(in_initiation(), dropped(DropReason::policy_deny)) << stage;
    }
    EXPECT_EQ(programs.rule_counters(1).packets, 2U);
    open_port(kIn, service(IPPROTO_UDP, talk.local_port), 1, 0);
    block();
    for (const tg_stage stage : {TG_STAGE_ENFORCE, TG_STAGE_LEARN}) {
        set_stage(stage);
        EXPECT_EQ(in_initiation(), dropped(DropReason::blocklist)) << stage;
    }
    set_rule(1, TG_ACTION_PASS, {.flags = TG_RULE_FAILSAFE});
    open_port(kIn, service(IPPROTO_UDP, talk.local_port), 1, 1);
    EXPECT_EQ(in_initiation(), kPassed);
}

TEST_F(TunnelStage, ARuleThatAllowsDoesNotExcuse) {
    allow_any(kIn, service(IPPROTO_UDP, talk.local_port));
    EXPECT_EQ(junk(), dropped(DropReason::tunnel_message));
}

TEST_F(TunnelStage, AWrongIpv4ChecksumIsDropped) {
    Bytes frame = talk.udp(kIn, bytes_of(keys.sealed<tg_wg_initiation>()));
    put8(frame, 14 + 10, std::to_integer<unsigned>(frame[14 + 10]) ^ 1U);
    EXPECT_EQ(judge(frame, kIn), dropped(DropReason::ipv4_checksum));
}

TEST_F(TunnelStage, OtherPortsAreThePolicys) {
    for (const std::uint16_t port :
         std::initializer_list<std::uint16_t>{51819, 51821, 51756, 51884}) {
        talk.local_port = port;
        EXPECT_EQ(in_initiation(), dropped(DropReason::policy_default)) << port;
    }
}

TEST_F(TunnelStage, FragmentsAreThePolicys) {
    IpFields fields = talk.fields(kIn, IPPROTO_UDP);
    fields.fragment = 0x2000;
    fields.checksum = false;
    const Bytes first =
        ip_frame(fields, test::udp(talk.ports(kIn), Bytes(TunnelKeys::data())), talk.link(kIn));
    put_receiver(receiver(kAcceptsData));
    EXPECT_EQ(judge(first, kIn), dropped(DropReason::policy_default));
}

TEST_F(TunnelStage, OurOwnDatagramsLeave) {
    EXPECT_EQ(out(), kPassed);
    ASSERT_TRUE(flow_of(talk.udp(kOut), kOut)) << "so that ICMP errors find it";
    EXPECT_EQ(out(), kPassed);
    EXPECT_EQ(flow_of(talk.udp(kOut), kOut)->packets[TG_EGRESS], 2U);
    EXPECT_EQ(junk(), dropped(DropReason::tunnel_message)) << "the flow opens nothing";
    bump();
    EXPECT_EQ(out(), kPassed) << "judged again";
    talk.local_port += 1;
    EXPECT_EQ(out(), dropped(DropReason::policy_default));
}

TEST_F(TunnelStage, NobodyIsToldThatNobodyListens) {
    const auto told = [&] {
        const Bytes quoted = ip_packet(talk.fields(kIn, IPPROTO_UDP), test::udp(talk.ports(kIn)));
        return judge(talk.icmp(kOut, icmp(3, 3, 0, quoted)), kOut);
    };
    EXPECT_EQ(out(), kPassed);
    EXPECT_EQ(told(), dropped(DropReason::icmp_unrelated)) << "though there is a flow";
    const Bytes quoted = ip_packet(talk.fields(kOut, IPPROTO_UDP), test::udp(talk.ports(kOut)));
    EXPECT_EQ(judge(talk.icmp(kIn, icmp(3, 4, 0, quoted)), kIn), kPassed) << "we are told";
    talk.local_port += 1;
    allow_any(kOut, service(IPPROTO_UDP, talk.remote_port));
    EXPECT_EQ(out(), kPassed);
    EXPECT_EQ(told(), kPassed) << "of a port without a tunnel";
}

TEST_F(TunnelStage, OurOwnDatagramsLeaveAlsoWhenARuleHasExpired) {
    set_rule(1, TG_ACTION_PASS, {.expires_ns = 1});
    open_port(kOut, service(IPPROTO_UDP, talk.remote_port), 2, 1);
    EXPECT_EQ(out(), kPassed);
    EXPECT_EQ(out(), kPassed);
}

TEST_F(TunnelStage, DenyAndBlocklistAlsoKeepOurOwnDatagrams) {
    block();
    EXPECT_EQ(out(), dropped(DropReason::blocklist));
    set_rule(1, TG_ACTION_DROP);
    open_port(kOut, service(IPPROTO_UDP, talk.remote_port), 2, 1);
    EXPECT_EQ(out(), dropped(DropReason::policy_deny));
}

TEST_F(TunnelStage, AtTcIngressItIsTheSame) {
    const auto at_tc = [&](const Bytes& message) {
        return judge_at_tc_ingress(talk.udp(kIn, message));
    };
    put_receiver(receiver(kAcceptsData));
    EXPECT_EQ(at_tc(bytes_of(keys.sealed<tg_wg_initiation>())), kPassed);
    EXPECT_EQ(at_tc(bytes_of(TunnelKeys{}.sealed<tg_wg_initiation>())),
              dropped(DropReason::tunnel_mac1));
    EXPECT_EQ(at_tc(TunnelKeys::data()), kPassed);
    EXPECT_EQ(at_tc(TunnelKeys::data(0, 1)), dropped(DropReason::tunnel_index));
    EXPECT_EQ(at_tc(Bytes(20)), dropped(DropReason::tunnel_message));
}

TEST_F(TunnelStage, ADryRunLeavesNoMark) {
    LoadedPrograms dry;
    ASSERT_EQ(dry.load({.dry_run = true}), 0);
    const std::uint32_t port = talk.local_port;
    dry.put(dry.object().maps.tunnels, port, keys.tunnel());
    dry.put(dry.object().maps.local_ports, port, std::uint8_t{1});
    dry.put(dry.object().maps.tunnel_ports, port / 64, std::uint64_t{1} << port % 64);
    const Bytes frame = talk.udp(kIn, bytes_of(keys.sealed<tg_wg_initiation>()));
    for (int i = 0; i < 7; ++i) {
        EXPECT_EQ(dry.run(dry.object().progs.xdp_gate, frame), XDP_PASS) << i;
    }
    tg_initiator initiator{};
    EXPECT_NE(bpf_map_get_next_key(bpf_map__fd(dry.object().maps.initiators), nullptr, &initiator),
              0);
}

TEST_F(TunnelStage, APortThatIsMarkedWithoutATunnelIsClosed) {
    const std::uint32_t port = talk.local_port;
    bpf_map* tunnels = programs.object().maps.tunnels;
    ASSERT_EQ(bpf_map_delete_elem(bpf_map__fd(tunnels), &port), 0);
    EXPECT_EQ(in_initiation(), dropped(DropReason::internal));
}

}  // namespace
}  // namespace tollgate::test

// SPDX-License-Identifier: MIT
// Every row of the baseline: docs/packet-path.md, section 3.
#include "tests/bpf/gate_fixture.hpp"

namespace tollgate::test {
namespace {

constexpr const char* kRouter = "fe80::1";
constexpr const char* kHost = "fe80::2";

class Baseline : public GateTest {
  protected:
    void without(tg_baseline part) {
        programs.generation.baseline = TG_BASELINE_DEFAULT & ~static_cast<unsigned>(part);
        programs.write_generation(0, programs.generation);
    }
    // All judged by the baseline alone: with the policy open, a drop is the baseline's.
    void open_policy() {
        programs.generation.default_action[TG_INGRESS] = TG_ACTION_PASS;
        programs.generation.default_action[TG_EGRESS] = TG_ACTION_PASS;
        programs.write_generation(0, programs.generation);
    }
};

Bytes arp(unsigned operation, unsigned sender_first_byte = 0x02, unsigned hardware = 1) {
    Bytes body;
    append16(body, hardware);
    append16(body, 0x0800);
    append16(body, 0x0604);
    append16(body, operation);
    append8(body, sender_first_byte);
    body.resize(28);
    return ethernet({}, 0x0806, body);
}

struct Icmp6 {
    unsigned type = 135;
    const char* source = kRouter;
    const char* destination = kHost;
    std::uint8_t hop_limit = 255;
    unsigned code = 0;
    std::size_t body = 24;  ///< bytes of the whole message

    [[nodiscard]] IpFields fields() const {
        IpFields fields;
        fields.source = ip(source);
        fields.destination = ip(destination);
        fields.protocol = IPPROTO_ICMPV6;
        fields.hop_limit = hop_limit;
        return fields;
    }
    [[nodiscard]] Bytes message() const { return icmp(type, code, 0, Bytes(body - 8)); }
    [[nodiscard]] Bytes frame() const { return ip_frame(fields(), message()); }
    [[nodiscard]] Bytes behind_extension(std::uint8_t header) const {
        IpFields outer = fields();
        outer.protocol = header;
        return ip_frame(outer, extension(IPPROTO_ICMPV6, {}, message()));
    }
};

Bytes dhcp(const char* source, const char* destination, Ports ports) {
    IpFields fields;
    fields.source = ip(source);
    fields.destination = ip(destination);
    fields.protocol = IPPROTO_UDP;
    return ip_frame(fields, udp(ports));
}

Bytes igmp(unsigned type) {
    IpFields fields;
    fields.source = ip("192.0.2.1");
    fields.destination = ip("224.0.0.1");
    fields.protocol = IPPROTO_IGMP;
    return ip_frame(fields, icmp(type));
}

// Case L03
TEST_F(Baseline, PassesArpBothWays) {
    EXPECT_EQ(judge(arp(1), kIn), kPassed);
    EXPECT_EQ(judge(arp(2), kOut), kPassed);
}

// Case P26
TEST_F(Baseline, RefusesOtherArp) {
    EXPECT_EQ(judge(arp(3), kIn), dropped(DropReason::arp_invalid));
    EXPECT_EQ(judge(arp(1, 0x03), kIn), dropped(DropReason::arp_invalid));
    EXPECT_EQ(judge(arp(1, 0x02, 6), kIn), dropped(DropReason::arp_invalid));
    without(TG_BASELINE_ARP);
    EXPECT_EQ(judge(arp(1), kIn), dropped(DropReason::arp_invalid));
}

// Case L03
TEST_F(Baseline, PassesNeighbourDiscovery) {
    for (const Direction direction : {kIn, kOut}) {
        EXPECT_EQ(judge(Icmp6{}.frame(), direction), kPassed);
        EXPECT_EQ(judge(Icmp6{.type = 136}.frame(), direction), kPassed);
    }
    EXPECT_EQ(judge(Icmp6{.type = 133, .body = 8}.frame(), kOut), kPassed);
    EXPECT_EQ(judge(Icmp6{.type = 134, .body = 16}.frame(), kIn), kPassed);
}

// Cases P24, P25, P26
TEST_F(Baseline, RefusesNeighbourDiscoveryThatRfc4861Discards) {
    open_policy();
    const Outcome invalid = dropped(DropReason::ndp_invalid);
    EXPECT_EQ(judge(Icmp6{.hop_limit = 254}.frame(), kIn), invalid);
    EXPECT_EQ(judge(Icmp6{.code = 1}.frame(), kIn), invalid);
    EXPECT_EQ(judge(Icmp6{.body = 23}.frame(), kIn), invalid);
    EXPECT_EQ(judge(Icmp6{}.behind_extension(IPPROTO_DSTOPTS), kIn), invalid);
    EXPECT_EQ(judge(Icmp6{.type = 133}.frame(), kIn), invalid);
    EXPECT_EQ(judge(Icmp6{.type = 134, .source = "2001:db8::1"}.frame(), kIn), invalid);
    EXPECT_EQ(judge(Icmp6{.type = 134, .body = 15}.frame(), kIn), invalid);
    EXPECT_EQ(judge(Icmp6{.type = 134}.frame(), kOut), invalid);
    EXPECT_EQ(judge(Icmp6{.type = 137}.frame(), kIn), invalid);
    EXPECT_EQ(judge(Icmp6{.type = 137}.frame(), kOut), invalid);
}

// Case P25
TEST_F(Baseline, RefusesNeighbourDiscoveryInFragments) {
    open_policy();
    const Icmp6 solicitation;
    IpFields outer = solicitation.fields();
    outer.protocol = IPPROTO_FRAGMENT;
    const Bytes frame = ip_frame(outer, fragment6(IPPROTO_ICMPV6, 1, 7, solicitation.message()));
    EXPECT_EQ(judge(frame, kIn), dropped(DropReason::ndp_invalid));
}

// Case P24
TEST_F(Baseline, NeighbourPartsCanBeSwitchedOff) {
    without(TG_BASELINE_NEIGHBOUR);
    EXPECT_EQ(judge(Icmp6{}.frame(), kIn), dropped(DropReason::ndp_invalid));
    EXPECT_EQ(judge(Icmp6{.type = 134}.frame(), kIn), kPassed);
    without(TG_BASELINE_ROUTER_ADVERT);
    EXPECT_EQ(judge(Icmp6{}.frame(), kIn), kPassed);
    EXPECT_EQ(judge(Icmp6{.type = 134}.frame(), kIn), dropped(DropReason::ndp_invalid));
}

// Case L03
TEST_F(Baseline, PassesTheClientsSideOfDhcp) {
    EXPECT_EQ(judge(dhcp("0.0.0.0", "255.255.255.255", {68, 67}), kOut), kPassed);
    EXPECT_EQ(judge(dhcp("192.0.2.1", "198.51.100.7", {67, 68}), kIn), kPassed);
    EXPECT_EQ(judge(dhcp(kHost, "ff02::1:2", {546, 547}), kOut), kPassed);
    EXPECT_EQ(judge(dhcp(kRouter, kHost, {547, 546}), kIn), kPassed);
}

TEST_F(Baseline, LeavesOtherDhcpToThePolicy) {
    EXPECT_FALSE(judge(dhcp("192.0.2.1", "198.51.100.7", {68, 67}), kIn).passed);
    EXPECT_FALSE(judge(dhcp("2001:db8::1", kHost, {547, 546}), kIn).passed);
    EXPECT_FALSE(judge(dhcp(kHost, "ff02::2", {546, 547}), kOut).passed);
    without(TG_BASELINE_DHCP);
    EXPECT_EQ(judge(dhcp("192.0.2.1", "198.51.100.7", {67, 68}), kIn),
              dropped(DropReason::policy_default));
}

// Case L03
TEST_F(Baseline, PassesMulticastMembership) {
    EXPECT_EQ(judge(igmp(0x11), kIn), kPassed);
    for (const unsigned type : {0x12U, 0x16U, 0x17U, 0x22U}) {
        EXPECT_EQ(judge(igmp(type), kOut), kPassed) << type;
        EXPECT_EQ(judge(igmp(type), kIn), dropped(DropReason::policy_default)) << type;
    }
    const Icmp6 query{.type = 130, .destination = "ff02::1", .hop_limit = 1};
    EXPECT_EQ(judge(query.behind_extension(IPPROTO_HOPOPTS), kIn), kPassed);
    for (const unsigned type : {131U, 132U, 143U}) {
        const Icmp6 report{.type = type, .destination = "ff02::16", .hop_limit = 1};
        EXPECT_EQ(judge(report.behind_extension(IPPROTO_HOPOPTS), kOut), kPassed) << type;
    }
}

// Case P33
TEST_F(Baseline, RefusesOtherMulticastMembership) {
    open_policy();
    const Outcome refused = dropped(DropReason::policy_default);
    EXPECT_EQ(judge(igmp(0x11), kOut), refused);
    EXPECT_EQ(judge(igmp(0x13), kIn), refused);
    EXPECT_EQ(judge(Icmp6{.type = 130, .hop_limit = 2}.frame(), kIn), refused);
    EXPECT_EQ(judge(Icmp6{.type = 130, .source = "2001:db8::1", .hop_limit = 1}.frame(), kIn),
              refused);
    EXPECT_EQ(judge(Icmp6{.type = 143, .hop_limit = 1}.frame(), kIn), refused);
    without(TG_BASELINE_MULTICAST);
    EXPECT_EQ(judge(igmp(0x11), kIn), refused);
}

// Case P06
TEST_F(Baseline, PassesEapolAndLldpOnlyIfSwitchedOn) {
    for (const unsigned ether_type : {0x888eU, 0x88ccU}) {
        EXPECT_EQ(judge(ethernet({}, ether_type, Bytes(4)), kIn), dropped(DropReason::ethertype));
    }
    programs.generation.baseline |= TG_BASELINE_EAPOL | TG_BASELINE_LLDP;
    programs.write_generation(0, programs.generation);
    for (const unsigned ether_type : {0x888eU, 0x88ccU}) {
        EXPECT_EQ(judge(ethernet({}, ether_type, Bytes(4)), kIn), kPassed);
        EXPECT_EQ(judge(ethernet({}, ether_type, Bytes(4)), kOut), kPassed);
    }
}

}  // namespace
}  // namespace tollgate::test

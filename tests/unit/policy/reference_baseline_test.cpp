// SPDX-License-Identifier: MIT
#include "policy/reference_baseline.hpp"

#include "tests/support/reference_gate.hpp"

namespace tollgate::test {
namespace {

constexpr unsigned kArp = 0x0806;
constexpr unsigned kEapol = 0x888e;
constexpr unsigned kLldp = 0x88cc;

// Section 3: the policy denies everything, so what passes here passes by the baseline.
class ReferenceBaseline : public ReferenceGate {
  protected:
    void use_parts(std::uint32_t parts) {
        policy::Policy policy;
        policy.baseline = parts;
        use(policy);
    }
    void without(std::uint32_t part) { use_parts(TG_BASELINE_DEFAULT & ~part); }

    static Bytes arp(unsigned operation = 1) {
        Bytes body = bytes({0, 1, 8, 0, 6, 4, 0, operation, 2, 0, 0, 0, 0, 1});
        body.resize(28);
        return body;
    }

    // An ICMPv6 message of `size` bytes from a link-local neighbour or router.
    static Bytes icmp6(Direction direction, unsigned type, std::size_t size, IpFields fields) {
        fields.source = fields.source == IpFields{}.source ? ip("fe80::1") : fields.source;
        fields.destination = ip("fe80::7");
        fields.protocol = IPPROTO_ICMPV6;
        Talk talk;
        return ip_frame(fields, icmp(type, 0, 0, Bytes(size - 8)), talk.link(direction));
    }
    static Bytes discovery(Direction direction, unsigned type, std::size_t size) {
        IpFields fields;
        fields.hop_limit = 255;
        return icmp6(direction, type, size, fields);
    }
    static Bytes listener(Direction direction, unsigned type, std::string_view source = "fe80::1") {
        IpFields fields;
        fields.source = ip(source);
        fields.hop_limit = 1;
        return icmp6(direction, type, 24, fields);
    }
    Bytes igmp(Direction direction, unsigned type) {
        return talk.frame(direction, IPPROTO_IGMP, icmp(type));
    }
};

TEST_F(ReferenceBaseline, ArpRequestsAndRepliesPassBothWays) {
    EXPECT_TRUE(passed(in(ethernet({}, kArp, arp(1)))));
    EXPECT_TRUE(passed(out(ethernet({}, kArp, arp(2)))));
}

TEST_F(ReferenceBaseline, ArpOfAnotherShapeIsInvalid) {
    const std::vector<std::pair<std::size_t, unsigned>> changes{
        {1, 6}, {2, 9}, {4, 8}, {5, 16}, {7, 3}, {8, 1}};
    for (const auto& [offset, value] : changes) {
        Bytes body = arp();
        put8(body, offset, value);
        EXPECT_TRUE(dropped(in(ethernet({}, kArp, body)), DropReason::arp_invalid)) << offset;
    }
    without(TG_BASELINE_ARP);
    EXPECT_TRUE(dropped(in(ethernet({}, kArp, arp())), DropReason::arp_invalid));
}

TEST_F(ReferenceBaseline, EapolAndLldpPassOnlyIfSwitchedOn) {
    for (const unsigned type : {kEapol, kLldp}) {
        use_parts(TG_BASELINE_DEFAULT);
        EXPECT_TRUE(dropped(in(ethernet({}, type, Bytes(46))), DropReason::ethertype));
        use_parts(TG_BASELINE_EAPOL | TG_BASELINE_LLDP);
        EXPECT_TRUE(passed(in(ethernet({}, type, Bytes(46)))));
        EXPECT_TRUE(passed(out(ethernet({}, type, Bytes(46)))));
    }
}

TEST_F(ReferenceBaseline, NeighbourDiscoveryPasses) {
    for (const unsigned type : {135U, 136U}) {
        EXPECT_TRUE(passed(in(discovery(kIn, type, 24))));
        EXPECT_TRUE(passed(out(discovery(kOut, type, 24))));
        EXPECT_TRUE(dropped(in(discovery(kIn, type, 23)), DropReason::ndp_invalid));
    }
    EXPECT_TRUE(passed(out(discovery(kOut, 133, 8))));
    EXPECT_TRUE(dropped(in(discovery(kIn, 133, 8)), DropReason::ndp_invalid));
    without(TG_BASELINE_NEIGHBOUR);
    EXPECT_TRUE(dropped(in(discovery(kIn, 135, 24)), DropReason::ndp_invalid));
}

TEST_F(ReferenceBaseline, NeighbourDiscoveryFromAfarIsInvalid) {
    IpFields fields;
    fields.hop_limit = 254;
    EXPECT_TRUE(dropped(in(icmp6(kIn, 135, 24, fields)), DropReason::ndp_invalid));

    fields.hop_limit = 255;
    fields.source = ip("fe80::1");
    fields.destination = ip("fe80::7");
    fields.protocol = IPPROTO_DSTOPTS;
    const Bytes message = extension(IPPROTO_ICMPV6, bytes({1, 4}), icmp(135, 0, 0, Bytes(16)));
    EXPECT_TRUE(dropped(in(ip_frame(fields, message)), DropReason::ndp_invalid));

    fields.protocol = IPPROTO_FRAGMENT;
    const Bytes part = fragment6(IPPROTO_ICMPV6, 1, 5, icmp(135, 0, 0, Bytes(16)));
    EXPECT_TRUE(dropped(in(ip_frame(fields, part)), DropReason::ndp_invalid));

    fields.protocol = IPPROTO_ICMPV6;
    EXPECT_TRUE(dropped(in(ip_frame(fields, icmp(135, 1, 0, Bytes(16)))), DropReason::ndp_invalid));
}

TEST_F(ReferenceBaseline, RouterAdvertisementsComeFromLinkLocalRoutersOnly) {
    EXPECT_TRUE(passed(in(discovery(kIn, 134, 16))));
    EXPECT_TRUE(dropped(in(discovery(kIn, 134, 15)), DropReason::ndp_invalid));
    EXPECT_TRUE(dropped(out(discovery(kOut, 134, 16)), DropReason::ndp_invalid));
    IpFields fields;
    fields.hop_limit = 255;
    fields.source = ip("2001:db8::1");
    EXPECT_TRUE(dropped(in(icmp6(kIn, 134, 16, fields)), DropReason::ndp_invalid));
    without(TG_BASELINE_ROUTER_ADVERT);
    EXPECT_TRUE(dropped(in(discovery(kIn, 134, 16)), DropReason::ndp_invalid));
}

TEST_F(ReferenceBaseline, RedirectsAreInvalidBothWays) {
    EXPECT_TRUE(dropped(in(discovery(kIn, 137, 40)), DropReason::ndp_invalid));
    EXPECT_TRUE(dropped(out(discovery(kOut, 137, 40)), DropReason::ndp_invalid));
}

TEST_F(ReferenceBaseline, TheDhcpClientSpeaksToServers) {
    talk.local_port = 68;
    talk.remote_port = 67;
    EXPECT_TRUE(passed(out(talk.udp(kOut))));
    EXPECT_TRUE(passed(in(talk.udp(kIn))));
    talk.local_port = 67;
    talk.remote_port = 68;
    EXPECT_TRUE(dropped(in(talk.udp(kIn)), DropReason::policy_default));
    without(TG_BASELINE_DHCP);
    talk.local_port = 68;
    talk.remote_port = 67;
    EXPECT_TRUE(dropped(out(talk.udp(kOut)), DropReason::policy_default));
}

TEST_F(ReferenceBaseline, TheDhcpv6ClientAsksAllServersAndHearsLinkLocalOnes) {
    Talk dhcp;
    dhcp.local = ip("fe80::7");
    dhcp.remote = ip("ff02::1:2");
    dhcp.local_port = 546;
    dhcp.remote_port = 547;
    EXPECT_TRUE(passed(out(dhcp.udp(kOut))));
    dhcp.remote = ip("fe80::1");
    EXPECT_TRUE(passed(in(dhcp.udp(kIn))));
    EXPECT_TRUE(dropped(out(dhcp.udp(kOut)), DropReason::policy_default));
    dhcp.remote = ip("2001:db8::1");
    EXPECT_TRUE(dropped(in(dhcp.udp(kIn)), DropReason::policy_default));
    dhcp.remote_port = 548;
    EXPECT_TRUE(dropped(in(dhcp.udp(kIn)), DropReason::policy_default));
}

TEST_F(ReferenceBaseline, IgmpQueriesComeInAndReportsGoOut) {
    EXPECT_TRUE(passed(in(igmp(kIn, 0x11))));
    EXPECT_TRUE(dropped(out(igmp(kOut, 0x11)), DropReason::policy_default));
    for (const unsigned type : {0x12U, 0x16U, 0x17U, 0x22U}) {
        EXPECT_TRUE(passed(out(igmp(kOut, type)))) << type;
        EXPECT_TRUE(dropped(in(igmp(kIn, type)), DropReason::policy_default)) << type;
    }
    EXPECT_TRUE(dropped(out(igmp(kOut, 0x13)), DropReason::policy_default));
    without(TG_BASELINE_MULTICAST);
    EXPECT_TRUE(dropped(in(igmp(kIn, 0x11)), DropReason::policy_default));
}

TEST_F(ReferenceBaseline, MldQueriesComeInAndReportsGoOut) {
    EXPECT_TRUE(passed(in(listener(kIn, 130))));
    EXPECT_TRUE(dropped(out(listener(kOut, 130)), DropReason::policy_default));
    for (const unsigned type : {131U, 132U, 143U}) {
        EXPECT_TRUE(passed(out(listener(kOut, type)))) << type;
        EXPECT_TRUE(passed(out(listener(kOut, type, "::")))) << type;
        EXPECT_TRUE(dropped(in(listener(kIn, type)), DropReason::policy_default)) << type;
    }
    EXPECT_TRUE(dropped(in(listener(kIn, 130, "2001:db8::1")), DropReason::policy_default));
    without(TG_BASELINE_MULTICAST);
    EXPECT_TRUE(dropped(in(listener(kIn, 130)), DropReason::policy_default));
}

TEST_F(ReferenceBaseline, MakesNoFlow) {
    talk.local_port = 68;
    talk.remote_port = 67;
    EXPECT_TRUE(passed(out(talk.udp(kOut))));
    EXPECT_TRUE(model.flows().empty());
}

}  // namespace
}  // namespace tollgate::test

// SPDX-License-Identifier: MIT
#include "policy/reference_icmp.hpp"

#include "tests/support/reference_gate.hpp"

namespace tollgate::test {
namespace {

// Section 5: nothing but what the device opens is allowed.
class ReferenceIcmp : public ReferenceGate {
  protected:
    void SetUp() override { use_allow(kOut); }

    // An error from a router on the way, about this packet of the device.
    Bytes error(unsigned type, const Bytes& quoted) {
        Talk router = talk;
        router.remote = talk.remote.is_ipv4() ? ip("203.0.113.1") : ip("2001:db8:99::1");
        return router.icmp(kIn, icmp(type, 0, 0, quoted));
    }
    Bytes unreachable(const Bytes& quoted) { return error(talk.remote.is_ipv4() ? 3 : 1, quoted); }
    // The IP packet in a frame.
    static Bytes packet_in(Bytes frame) {
        frame.erase(frame.begin(), frame.begin() + 14);
        return frame;
    }
};

TEST_F(ReferenceIcmp, AnErrorPassesIfItQuotesALiveFlow) {
    const Bytes sent = talk.tcp(kOut, {});
    EXPECT_TRUE(dropped(in(unreachable(packet_in(sent))), DropReason::icmp_unrelated));
    EXPECT_TRUE(passed(out(sent)));
    for (const unsigned type : {3U, 11U, 12U}) {
        EXPECT_TRUE(passed(in(error(type, packet_in(sent)))));
    }
    EXPECT_EQ(model.flows().begin()->second.packets[TG_INGRESS], 0U);
    now += 61s;
    EXPECT_TRUE(dropped(in(unreachable(packet_in(sent))), DropReason::icmp_unrelated));
}

TEST_F(ReferenceIcmp, TheSameInIpv6) {
    talk = talk6();
    const Bytes sent = talk.udp(kOut);
    EXPECT_TRUE(passed(out(sent)));
    for (const unsigned type : {1U, 2U, 3U, 4U}) {
        EXPECT_TRUE(passed(in(error(type, packet_in(sent)))));
    }
    EXPECT_TRUE(dropped(in(error(5, packet_in(sent))), DropReason::policy_default));
}

TEST_F(ReferenceIcmp, OnEgressTheQuoteIsWhatTheRemoteSent) {
    use_allow(kIn);
    const Bytes received = talk.udp(kIn);
    EXPECT_TRUE(passed(in(received)));
    EXPECT_TRUE(passed(out(talk.icmp(kOut, icmp(3, 3, 0, packet_in(received))))));
    EXPECT_TRUE(dropped(out(talk.icmp(kOut, icmp(3, 3, 0, packet_in(talk.udp(kOut))))),
                        DropReason::icmp_unrelated));
}

TEST_F(ReferenceIcmp, NobodyIsToldThatNobodyListensOnATunnelsPort) {
    const Bytes received = talk.udp(kIn);
    const Bytes told = talk.icmp(kOut, icmp(3, 3, 0, packet_in(received)));
    EXPECT_TRUE(passed(out(talk.udp(kOut))));
    EXPECT_TRUE(passed(out(told)));
    model.tunnels().by_port[talk.local_port];
    EXPECT_TRUE(dropped(out(told), DropReason::icmp_unrelated));
    EXPECT_TRUE(passed(in(unreachable(packet_in(talk.udp(kOut)))))) << "we are told";
}

TEST_F(ReferenceIcmp, AnErrorGoesToWhoSentTheQuotedPacket) {
    const Bytes sent = talk.udp(kOut);
    EXPECT_TRUE(passed(out(sent)));
    talk.local = ip("198.51.100.8");
    EXPECT_TRUE(dropped(in(unreachable(packet_in(sent))), DropReason::icmp_unrelated));
}

TEST_F(ReferenceIcmp, AQuotedEchoIsFoundByItsIdentifier) {
    const Bytes sent = talk.icmp(kOut, echo(8, 77));
    EXPECT_TRUE(passed(out(sent)));
    EXPECT_TRUE(passed(in(unreachable(packet_in(sent)))));
    EXPECT_TRUE(dropped(in(unreachable(packet_in(talk.icmp(kOut, echo(8, 78))))),
                        DropReason::icmp_unrelated));
    EXPECT_TRUE(dropped(in(unreachable(packet_in(talk.icmp(kOut, icmp(13, 0, 77U << 16U))))),
                        DropReason::icmp_unrelated));
}

TEST_F(ReferenceIcmp, OtherProtocolsAreFoundByTheirAddresses) {
    const Bytes sent = talk.frame(kOut, IPPROTO_GRE, Bytes(8));
    EXPECT_TRUE(passed(out(sent)));
    EXPECT_TRUE(passed(in(unreachable(packet_in(sent)))));
}

TEST_F(ReferenceIcmp, OptionsAndAnAtomicOrFirstFragmentHeaderAreRead) {
    const Bytes sent = talk.udp(kOut);
    EXPECT_TRUE(passed(out(sent)));
    IpFields fields = talk.fields(kOut, IPPROTO_UDP);
    fields.options = bytes({1, 1, 1, 0});
    EXPECT_TRUE(passed(in(unreachable(ip_packet(fields, udp(talk.ports(kOut)))))));
    fields.fragment = 1;
    EXPECT_TRUE(dropped(in(unreachable(ip_packet(fields, udp(talk.ports(kOut))))),
                        DropReason::icmp_unrelated));

    talk = talk6();
    EXPECT_TRUE(passed(out(talk.udp(kOut))));
    fields = talk.fields(kOut, IPPROTO_FRAGMENT);
    const auto quoted = [&](unsigned word) {
        return ip_packet(fields, fragment6(IPPROTO_UDP, word, 5, udp(talk.ports(kOut))));
    };
    EXPECT_TRUE(passed(in(unreachable(quoted(0)))));
    EXPECT_TRUE(passed(in(unreachable(quoted(1)))));
    EXPECT_TRUE(dropped(in(unreachable(quoted(8))), DropReason::icmp_unrelated));
}

TEST_F(ReferenceIcmp, AnyShorterQuoteIsUnrelated) {
    for (Talk each : {talk, talk6()}) {
        talk = each;
        const Bytes quoted = packet_in(talk.udp(kOut));
        EXPECT_TRUE(passed(out(talk.udp(kOut))));
        EXPECT_TRUE(passed(in(unreachable(quoted))));
        for (std::size_t size = 0; size < quoted.size(); ++size) {
            const Bytes cut(quoted.begin(), quoted.begin() + static_cast<std::ptrdiff_t>(size));
            EXPECT_TRUE(dropped(in(unreachable(cut)), DropReason::icmp_unrelated)) << size;
        }
    }
}

TEST_F(ReferenceIcmp, AQuoteOfTheOtherFamilyOrABrokenHeaderIsUnrelated) {
    Bytes quoted = packet_in(talk.udp(kOut));
    EXPECT_TRUE(passed(out(talk.udp(kOut))));
    put8(quoted, 0, 0x44);
    EXPECT_TRUE(dropped(in(unreachable(quoted)), DropReason::icmp_unrelated));
    put8(quoted, 0, 0x65);
    EXPECT_TRUE(dropped(in(unreachable(quoted)), DropReason::icmp_unrelated));
}

}  // namespace
}  // namespace tollgate::test

// SPDX-License-Identifier: MIT
// Fragments and ICMP errors: docs/packet-path.md, sections 4 and 5.
#include "tests/bpf/gate_fixture.hpp"

namespace tollgate::test {
namespace {

constexpr unsigned kMore = 0x2000;

class Fragment : public GateTest {
  protected:
    Talk talk{.remote_port = 5000, .local_port = 5683};
    Talk talk_v6{.remote = ip("2001:db8::1"),
                 .local = ip("2001:db8:7::7"),
                 .remote_port = 5000,
                 .local_port = 5683};

    // The first 16 bytes of a datagram of 40.
    Bytes first(std::uint16_t id = 1) {
        Bytes datagram = udp(talk.ports(kIn), Bytes(32));
        datagram.resize(16);
        return piece(kMore, id, datagram);
    }
    Bytes piece(unsigned word, std::uint16_t id, const Bytes& payload) {
        IpFields fields = talk.fields(kIn, IPPROTO_UDP);
        fields.identification = id;
        fields.fragment = static_cast<std::uint16_t>(word);
        fields.checksum = false;
        return ip_frame(fields, payload, talk.link(kIn));
    }
    Bytes later(unsigned offset_bytes, std::uint16_t id = 1) {
        return piece(offset_bytes / 8, id, Bytes(24));
    }
    Bytes piece6(unsigned word, std::uint32_t id, const Bytes& payload) {
        IpFields fields = talk_v6.fields(kIn, IPPROTO_FRAGMENT);
        return ip_frame(fields, fragment6(IPPROTO_UDP, word, id, payload), talk_v6.link(kIn));
    }
};

// Cases P15, P16
TEST_F(Fragment, LaterOnesPassIfTheirFirstDid) {
    allow_any(kIn, service(IPPROTO_UDP, 5683));
    EXPECT_EQ(judge(later(16), kIn), dropped(DropReason::fragment_unknown));
    EXPECT_EQ(judge(first(), kIn), kPassed);
    EXPECT_EQ(judge(later(16), kIn), kPassed);
    EXPECT_EQ(judge(later(16, 2), kIn), dropped(DropReason::fragment_unknown));
    EXPECT_EQ(judge(later(8), kIn), dropped(DropReason::fragment_overlap));
}

// Case P15
TEST_F(Fragment, LaterOnesOfADroppedFirstAreUnknown) {
    EXPECT_EQ(judge(first(), kIn), dropped(DropReason::policy_default));
    EXPECT_EQ(judge(later(16), kIn), dropped(DropReason::fragment_unknown));
    set_rule(1, TG_ACTION_DROP);
    open_port(kIn, service(IPPROTO_UDP, 5683), 1, 1);
    EXPECT_EQ(judge(first(), kIn), dropped(DropReason::policy_deny));
    EXPECT_EQ(judge(later(16), kIn), dropped(DropReason::fragment_unknown));
}

// What begins like a datagram to an open port is one only in a first fragment.
TEST_F(Fragment, LaterOnesHaveNoPorts) {
    allow_any(kIn, service(IPPROTO_UDP, 5683));
    const Bytes datagram = udp(talk.ports(kIn), Bytes(16));
    for (const unsigned word : {2U, kMore | 2U}) {
        EXPECT_EQ(judge(piece(word, 1, datagram), kIn), dropped(DropReason::fragment_unknown));
    }
}

TEST_F(Fragment, AFirstThatPassesByItsStageIsRemembered) {
    set_stage(TG_STAGE_LEARN);
    EXPECT_EQ(judge(first(), kIn), would_drop(DropReason::policy_default));
    EXPECT_EQ(judge(later(16), kIn), kPassed);
}

TEST_F(Fragment, TheFirstOfALiveFlowIsRememberedToo) {
    allow_any(kOut, service(IPPROTO_UDP, 5000));
    ASSERT_EQ(judge(talk.udp(kOut), kOut), kPassed);
    ASSERT_EQ(judge(talk.udp(kIn), kIn), kPassed);
    EXPECT_EQ(judge(first(), kIn), kPassed);
    EXPECT_EQ(judge(later(16), kIn), kPassed);
}

TEST_F(Fragment, TheRecordExpires) {
    allow_any(kIn, service(IPPROTO_UDP, 5683));
    ASSERT_EQ(judge(first(), kIn), kPassed);
    bpf_map* map = programs.object().maps.fragments;
    tg_fragment_key key{};
    ASSERT_EQ(bpf_map_get_next_key(bpf_map__fd(map), nullptr, &key), 0);
    auto record = programs.find<tg_fragment>(map, key).value();
    EXPECT_EQ(record.first_end, 16U);
    record.expires_ns = boot_time_ns() - TG_SECOND;
    programs.put(map, key, record);
    EXPECT_EQ(judge(later(16), kIn), dropped(DropReason::fragment_unknown));
}

// Case P18
TEST_F(Fragment, OfIpv6LikewiseButNotAtomicOnes) {
    allow_any(kIn, service(IPPROTO_UDP, 5683));
    Bytes datagram = udp(talk_v6.ports(kIn), Bytes(32));
    datagram.resize(16);
    EXPECT_EQ(judge(piece6(16, 9, Bytes(24)), kIn), dropped(DropReason::fragment_unknown));
    EXPECT_EQ(judge(piece6(1, 9, datagram), kIn), kPassed);
    EXPECT_EQ(judge(piece6(16, 9, Bytes(24)), kIn), kPassed);
    EXPECT_EQ(judge(piece6(8, 9, Bytes(24)), kIn), dropped(DropReason::fragment_overlap));
    EXPECT_EQ(judge(piece6(0, 10, udp(talk_v6.ports(kIn))), kIn), kPassed);
    EXPECT_EQ(judge(piece6(16, 10, Bytes(24)), kIn), dropped(DropReason::fragment_unknown));
}

class IcmpError : public GateTest {
  protected:
    Talk server{.remote_port = 443, .local_port = 40000};

    // A router's error about a packet that we sent.
    static Bytes error(const Bytes& quoted, const Talk& talk, unsigned type = 3) {
        IpFields fields = talk.fields(kIn, IPPROTO_ICMP);
        fields.source = ip("203.0.113.1");
        return ip_frame(fields, icmp(type, 1, 0, quoted), talk.link(kIn));
    }
    Bytes sent(const Bytes& options = {}) {
        IpFields fields = server.fields(kOut, IPPROTO_TCP);
        fields.options = options;
        return ip_packet(fields, tcp(server.ports(kOut)));
    }
    void connect() {
        allow_any(kOut, service(IPPROTO_TCP, 443));
        ASSERT_EQ(judge(server.tcp(kOut, {}), kOut), kPassed);
    }
};

// Case P22
TEST_F(IcmpError, PassesIfItQuotesALiveFlow) {
    EXPECT_EQ(judge(error(sent(), server), kIn), dropped(DropReason::icmp_unrelated));
    connect();
    for (const unsigned type : {3U, 11U, 12U}) {
        EXPECT_EQ(judge(error(sent(), server, type), kIn), kPassed) << type;
    }
    EXPECT_EQ(judge(error(sent(bytes({1, 1, 1, 0})), server), kIn), kPassed);
    Bytes cut = sent();
    cut.resize(28);
    EXPECT_EQ(judge(error(cut, server), kIn), kPassed);
    EXPECT_FALSE(flow_of(server.tcp(kIn, {}), kIn)->flags & TG_FLOW_ANSWERED);
}

// Case P22
TEST_F(IcmpError, IsUnrelatedIfTheQuoteCannotBeReadOrIsNotOurs) {
    connect();
    const Outcome unrelated = dropped(DropReason::icmp_unrelated);
    for (std::ptrdiff_t size = 0; size < 28; ++size) {
        const Bytes whole = sent();
        Bytes cut = error({whole.begin(), whole.begin() + size}, server);
        EXPECT_EQ(judge(cut, kIn), unrelated) << size;
        cut.insert(cut.end(), whole.begin() + size, whole.end());  // padding is no part of it
        EXPECT_EQ(judge(cut, kIn), unrelated) << size;
    }
    const Bytes reversed = ip_packet(server.fields(kIn, IPPROTO_TCP), tcp(server.ports(kIn)));
    EXPECT_EQ(judge(error(reversed, server), kIn), unrelated);
    Bytes fragment = sent();
    put16(fragment, 6, 1);
    EXPECT_EQ(judge(error(fragment, server), kIn), unrelated);
    Talk other = server;
    other.local = ip("198.51.100.8");
    EXPECT_EQ(judge(error(sent(), other), kIn), unrelated);
}

// Case P22
TEST_F(IcmpError, OfIpv6Likewise) {
    Talk talk = talk6();
    allow_any(kOut, service(IPPROTO_TCP, 443));
    ASSERT_EQ(judge(talk.tcp(kOut, {}), kOut), kPassed);
    const Bytes quoted = ip_packet(talk.fields(kOut, IPPROTO_TCP), tcp(talk.ports(kOut)));
    for (const unsigned type : {1U, 2U, 3U, 4U}) {
        EXPECT_EQ(judge(talk.icmp(kIn, icmp(type, 0, 0, quoted)), kIn), kPassed) << type;
    }
    const Bytes fragment = ip_packet(talk.fields(kOut, IPPROTO_FRAGMENT),
                                     fragment6(IPPROTO_TCP, 1, 5, tcp(talk.ports(kOut))));
    EXPECT_EQ(judge(talk.icmp(kIn, icmp(2, 0, 0, fragment)), kIn), kPassed);
    const Bytes extended = ip_packet(talk.fields(kOut, IPPROTO_DSTOPTS),
                                     extension(IPPROTO_TCP, {}, tcp(talk.ports(kOut))));
    EXPECT_EQ(judge(talk.icmp(kIn, icmp(2, 0, 0, extended)), kIn),
              dropped(DropReason::icmp_unrelated));
}

TEST_F(IcmpError, OnEgressQuotesWhatTheRemoteSideSent) {
    allow_any(kIn, service(IPPROTO_UDP, 40000));
    ASSERT_EQ(judge(server.udp(kIn), kIn), kPassed);
    const Bytes quoted = ip_packet(server.fields(kIn, IPPROTO_UDP), udp(server.ports(kIn)));
    EXPECT_EQ(judge(server.icmp(kOut, icmp(3, 3, 0, quoted)), kOut), kPassed);
    EXPECT_EQ(judge(server.icmp(kOut, icmp(3, 3, 0, sent())), kOut),
              dropped(DropReason::icmp_unrelated));
}

TEST_F(IcmpError, ARedirectIsNone) {
    connect();
    EXPECT_EQ(judge(error(sent(), server, 5), kIn), dropped(DropReason::policy_default));
}

}  // namespace
}  // namespace tollgate::test

// SPDX-License-Identifier: MIT
// What comes to a tunnel, by kind of message: docs/packet-path.md, section 9.
#include "tests/bpf/tunnel_fixture.hpp"

namespace tollgate::test {
namespace {

class Tunnel : public TunnelTest {};

// Cases W01, W02
TEST_F(Tunnel, DropsEveryTypeAndLengthThatIsNoMessage) {
    put_receiver(receiver(0xff));
    std::size_t messages = 0;
    for (unsigned type = 0; type <= 6; ++type) {
        for (std::size_t size = 0; size <= 256; ++size) {
            Bytes message(size);
            if (size > 0) {
                put8(message, 0, type);
            }
            const bool is_message = (type == 1 && size == 148) || (type == 2 && size == 92) ||
                                    (type == 3 && size == 64) || (type == 4 && size >= 32);
            messages += is_message ? 1 : 0;
            const bool refused = in(message) == dropped(DropReason::tunnel_message);
            EXPECT_EQ(refused, !is_message) << "type " << type << ", " << size << " bytes";
        }
    }
    EXPECT_EQ(messages, 3U + 225U);
}

// Case W01
TEST_F(Tunnel, ReservedBytesBelongToTheType) {
    put_receiver(receiver(kAcceptsData));
    Bytes message = TunnelKeys::data();
    EXPECT_EQ(in(message), kPassed);
    for (std::size_t at = 1; at < 4; ++at) {
        Bytes odd = message;
        put8(odd, at, 1);
        EXPECT_EQ(in(odd), dropped(DropReason::tunnel_message)) << at;
    }
}

TEST_F(Tunnel, TheLengthIsThatOfUdpAndNotThatOfIp) {
    put_receiver(receiver(kAcceptsData));
    Bytes datagram = test::udp(talk.ports(kIn), Bytes(TunnelKeys::data()));
    append(datagram, Bytes(8));
    EXPECT_EQ(judge(talk.frame(kIn, IPPROTO_UDP, datagram), kIn), kPassed);
    Bytes short_one = test::udp(talk.ports(kIn), TunnelKeys::data());
    put16(short_one, 4, 8 + TG_WG_DATA_MIN - 1);
    EXPECT_EQ(judge(talk.frame(kIn, IPPROTO_UDP, short_one), kIn),
              dropped(DropReason::tunnel_message));
}

// Case W24
TEST_F(Tunnel, DataPassesForAKeypairOnly) {
    EXPECT_EQ(in(TunnelKeys::data()), dropped(DropReason::tunnel_index)) << "no keypair yet";
    put_receiver(receiver(kAcceptsData));
    EXPECT_EQ(in(TunnelKeys::data()), kPassed);
    EXPECT_EQ(in(TunnelKeys::data(0, kIndex + 1)), dropped(DropReason::tunnel_index));
    EXPECT_EQ(in(TunnelKeys::data(0, htonl(kIndex))), dropped(DropReason::tunnel_index));
}

TEST_F(Tunnel, AnIndexIsOfOneTunnelOnly) {
    put_receiver(receiver(kAcceptsData));
    tg_tunnel other = keys.tunnel();
    other.number = 4;
    guard(other);
    EXPECT_EQ(in(TunnelKeys::data()), dropped(DropReason::tunnel_index));
}

TEST_F(Tunnel, AnIndexExpires) {
    tg_receiver known = receiver(kAcceptsData);
    known.expires_ns = boot_time_ns() + TG_SECOND / 2;
    put_receiver(known);
    EXPECT_EQ(in(TunnelKeys::data()), kPassed);
    known.expires_ns = boot_time_ns() - TG_SECOND / 10;
    put_receiver(known);
    EXPECT_EQ(in(TunnelKeys::data()), dropped(DropReason::tunnel_index));
}

TEST_F(Tunnel, DataBehindTheReplayWindowIsDropped) {
    tg_receiver known = receiver(kAcceptsData);
    known.greatest_counter = 100'000;
    put_receiver(known);
    EXPECT_EQ(in(TunnelKeys::data(100'000 - TG_WG_WINDOW)), kPassed);
    EXPECT_EQ(in(TunnelKeys::data(100'000 - TG_WG_WINDOW - 1)),
              dropped(DropReason::tunnel_counter));
    EXPECT_EQ(in(TunnelKeys::data(200'000)), kPassed);
    EXPECT_EQ(in(TunnelKeys::data(0)), dropped(DropReason::tunnel_counter));
}

TEST_F(Tunnel, CountersEndAtRejectAfterMessages) {
    put_receiver(receiver(kAcceptsData));
    EXPECT_EQ(in(TunnelKeys::data(TG_WG_REJECT_AFTER_MESSAGES - 1)), kPassed);
    EXPECT_EQ(in(TunnelKeys::data(TG_WG_REJECT_AFTER_MESSAGES)),
              dropped(DropReason::tunnel_counter));
    EXPECT_EQ(in(TunnelKeys::data(UINT64_MAX)), dropped(DropReason::tunnel_counter));
}

TEST_F(Tunnel, DataFromElsewherePassesAtABoundedRate) {
    put_receiver(receiver(kAcceptsData));
    talk.remote_port += 1;
    int passed = 0;
    for (int i = 0; i < 100; ++i) {
        passed += in(TunnelKeys::data()) == kPassed ? 1 : 0;
    }
    EXPECT_GE(passed, 10);
    EXPECT_LT(passed, 50);
    EXPECT_EQ(in(TunnelKeys::data()), dropped(DropReason::tunnel_roaming));
    talk.remote_port -= 1;
    EXPECT_EQ(in(TunnelKeys::data()), kPassed) << "the peer's own place";
}

TEST_F(Tunnel, AnotherAddressIsElsewhereToo) {
    put_receiver(receiver(kAcceptsData));
    talk.remote = ip("192.0.2.99");
    Outcome last;
    for (int i = 0; i < 60; ++i) {
        last = in(TunnelKeys::data());
    }
    EXPECT_EQ(last, dropped(DropReason::tunnel_roaming));
}

// Case W08
TEST_F(Tunnel, ResponsesPassForAHandshakeOfOursOnly) {
    const auto response = keys.sealed<tg_wg_response>();
    EXPECT_EQ(in(response), dropped(DropReason::tunnel_unasked));
    put_receiver(receiver(kAcceptsData));
    EXPECT_EQ(in(response), dropped(DropReason::tunnel_unasked)) << "a keypair has its answer";
    put_receiver(receiver(1U << TG_WG_RESPONSE));
    EXPECT_EQ(in(response), kPassed);
    EXPECT_EQ(in(keys.sealed<tg_wg_response>(kIndex + 1)), dropped(DropReason::tunnel_unasked));
}

TEST_F(Tunnel, EveryBitThatMac1OfAResponseCoversCounts) {
    put_receiver(receiver(1U << TG_WG_RESPONSE));
    const Bytes good = bytes_of(keys.sealed<tg_wg_response>());
    for (std::size_t at = 0; at < offsetof(tg_wg_response, mac2); ++at) {
        Bytes bad = good;
        put8(bad, at, std::to_integer<unsigned>(bad[at]) ^ 0x80U);
        EXPECT_FALSE(in(bad).passed) << at;
    }
    Bytes other_mac2 = good;
    put8(other_mac2, offsetof(tg_wg_response, mac2), 1);
    EXPECT_EQ(in(other_mac2), kPassed);
}

// Case W08
TEST_F(Tunnel, CookieRepliesPassForAHandshakeOfOursOnly) {
    EXPECT_EQ(in(TunnelKeys::cookie_reply()), dropped(DropReason::tunnel_unasked));
    put_receiver(receiver(1U << TG_WG_COOKIE_REPLY));
    EXPECT_EQ(in(TunnelKeys::cookie_reply()), kPassed);
    EXPECT_EQ(in(TunnelKeys::cookie_reply(kIndex + 1)), dropped(DropReason::tunnel_unasked));
}

TEST_F(Tunnel, IPv6IsTheSame) {
    talk = talk6();
    talk.local_port = 51820;
    put_receiver(receiver(kAcceptsData));
    EXPECT_EQ(in(TunnelKeys::data()), kPassed);
    EXPECT_EQ(in(TunnelKeys::data(0, 1)), dropped(DropReason::tunnel_index));
    EXPECT_EQ(in_initiation(), kPassed);
}

}  // namespace
}  // namespace tollgate::test

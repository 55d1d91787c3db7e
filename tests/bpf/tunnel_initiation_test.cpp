// SPDX-License-Identifier: MIT
// Handshake initiations: docs/packet-path.md, section 9.
#include <tollgate/abi/mac_time.h>

#include "tests/bpf/tunnel_fixture.hpp"

namespace tollgate::test {
namespace {

class TunnelInitiation : public TunnelTest {
  protected:
    void use_load() { guard(keys.tunnel(TG_TUNNEL_MAC1 | TG_TUNNEL_UNDER_LOAD)); }
    tg_wg_initiation with_cookie(const crypto::PresharedKey& secret) const {
        return TunnelKeys::with_cookie(keys.sealed<tg_wg_initiation>(), secret, talk);
    }
    // The sixth initiation, or the seventh: a twentieth of a second may have passed.
    Outcome after_five() {
        const Outcome sixth = in_initiation();
        return sixth == kPassed ? in_initiation() : sixth;
    }
    // A peer is there. @param due  when it may send without a cookie
    void know_source(const IpAddress& network, std::uint64_t due = 0, std::uint32_t tunnel = 3) {
        tg_peer_source key{.network = {}, .tunnel = tunnel};
        std::ranges::copy(network.bytes, key.network);
        programs.put(programs.object().maps.peer_sources, key, due);
    }
    // MACs have taken more time than they may. @param of_peer  of what comes from where peers are
    void spend_mac_time(bool of_peer) { set_mac_due(of_peer, boot_time_ns() + 3600 * TG_SECOND); }
    void give_mac_time(bool of_peer) { set_mac_due(of_peer, 0); }
    void set_mac_due(bool of_peer, std::uint64_t due) {
        programs.put(
            programs.object().maps.mac_due, std::uint32_t{TG_MAC_DUE(3U, of_peer ? 1U : 0U)}, due);
    }
    std::uint64_t mac_due(bool of_peer) const {
        return programs
            .find<std::uint64_t>(programs.object().maps.mac_due,
                                 std::uint32_t{TG_MAC_DUE(3U, of_peer ? 1U : 0U)})
            .value_or(0);
    }
    // Nobody is given a cookie for some time.
    void spend_cookies() {
        programs.put(
            programs.object().maps.cookie_due, std::uint32_t{3}, boot_time_ns() + 3600 * TG_SECOND);
    }
};

// Case W03
TEST_F(TunnelInitiation, EveryBitThatMac1CoversCounts) {
    const Bytes good = bytes_of(keys.sealed<tg_wg_initiation>());
    for (std::size_t at = 4; at < offsetof(tg_wg_initiation, mac2); ++at) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            Bytes bad = good;
            put8(bad, at, std::to_integer<unsigned>(bad[at]) ^ 1U << bit);
            EXPECT_EQ(in(bad), dropped(DropReason::tunnel_mac1)) << at;
        }
    }
    EXPECT_EQ(in(good), kPassed);
}

// Case W03
TEST_F(TunnelInitiation, OfAnotherTunnelIsDropped) {
    EXPECT_EQ(in(TunnelKeys{}.sealed<tg_wg_initiation>()), dropped(DropReason::tunnel_mac1));
}

TEST_F(TunnelInitiation, Mac1CanBeLeftToTheAgent) {
    Bytes bad = bytes_of(keys.sealed<tg_wg_initiation>());
    put8(bad, 10, 1);
    put8(bad, 11, 1);
    guard(keys.tunnel(0));
    EXPECT_EQ(in(bad), kPassed);
    guard(keys.tunnel());
    put8(bad, 12, 1);
    EXPECT_EQ(in(bad), dropped(DropReason::tunnel_mac1));
}

TEST_F(TunnelInitiation, Mac1CanBeLeftToTheAgentWhenTheProgramsAreLoaded) {
    ASSERT_EQ(programs.load({.check_mac1 = false}), 0);
    guard(keys.tunnel());
    auto bad = keys.sealed<tg_wg_initiation>();
    bad.mac1[0] ^= 1U;
    EXPECT_EQ(in(bad), kPassed);
    EXPECT_EQ(in(bad), dropped(DropReason::tunnel_replay)) << "the rest is checked";
    auto response = keys.sealed<tg_wg_response>();
    response.mac1[0] ^= 1U;
    put_receiver(receiver(1U << TG_WG_RESPONSE));
    EXPECT_EQ(in(response), kPassed);
}

// Case W04
TEST_F(TunnelInitiation, TheSameOneTwiceIsDropped) {
    const auto message = keys.sealed<tg_wg_initiation>();
    EXPECT_EQ(in(message), kPassed);
    EXPECT_EQ(in(message), dropped(DropReason::tunnel_replay));
    talk.remote = ip("192.0.2.77");
    EXPECT_EQ(in(message), dropped(DropReason::tunnel_replay)) << "from elsewhere, too";
    auto other_mac2 = message;
    other_mac2.mac2[0] = 1;
    EXPECT_EQ(in(other_mac2), dropped(DropReason::tunnel_replay));
    EXPECT_EQ(in_initiation(), kPassed);
}

// Case W25
TEST_F(TunnelInitiation, ASourceMayBeginFiveAtOnce) {
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(in_initiation(), kPassed) << i;
    }
    EXPECT_EQ(after_five(), dropped(DropReason::tunnel_source));
    talk.remote = ip("192.0.2.2");
    EXPECT_EQ(in_initiation(), kPassed) << "another source";
}

TEST_F(TunnelInitiation, AnIPv6SourceIsItsNetwork) {
    talk = talk6();
    talk.local_port = 51820;
    Outcome last;
    for (int i = 0; i < 12; ++i) {
        talk.remote.bytes[15] = static_cast<std::uint8_t>(i);
        last = in_initiation();
    }
    EXPECT_EQ(last, dropped(DropReason::tunnel_source));
    talk.remote.bytes[7] ^= 1U;
    EXPECT_EQ(in_initiation(), kPassed) << "the next /64";
}

// Case W25
TEST_F(TunnelInitiation, ABadMac1DoesNotUseUpThePlaceOfAnother) {
    for (int i = 0; i < 50; ++i) {
        auto bad = keys.sealed<tg_wg_initiation>();
        bad.mac1[0] ^= 1U;
        EXPECT_EQ(in(bad), dropped(DropReason::tunnel_mac1));
    }
    EXPECT_EQ(in_initiation(), kPassed);
}

// Case W09
TEST_F(TunnelInitiation, UnderLoadACookieIsNeeded) {
    use_load();
    EXPECT_EQ(in_initiation(), kPassed) << "to be given a cookie";
    spend_cookies();
    EXPECT_EQ(in_initiation(), dropped(DropReason::tunnel_mac2));
    EXPECT_EQ(in(with_cookie(keys.secret)), kPassed);
    EXPECT_EQ(in(with_cookie(keys.previous_secret)), kPassed);
    EXPECT_EQ(in(with_cookie(TunnelKeys{}.secret)), dropped(DropReason::tunnel_mac2));
    guard(keys.tunnel());
    EXPECT_EQ(in_initiation(), kPassed) << "not under load any more";
}

// Case W09
TEST_F(TunnelInitiation, ACookieIsOfOneAddressAndPort) {
    use_load();
    spend_cookies();
    for (const Talk& honest : {talk, [&] {
                                   Talk six = talk6();
                                   six.local_port = talk.local_port;
                                   return six;
                               }()}) {
        talk = honest;
        EXPECT_EQ(in(with_cookie(keys.secret)), kPassed) << talk.remote.to_string();
        const auto stolen = with_cookie(keys.secret);
        talk.remote_port += 1;
        EXPECT_EQ(in(stolen), dropped(DropReason::tunnel_mac2));
        talk.remote_port -= 1;
        talk.remote.bytes[15] ^= 1U;
        EXPECT_EQ(in(stolen), dropped(DropReason::tunnel_mac2));
    }
}

// Its sender does not know the key, but it takes a hash to tell.
// Case W25
TEST_F(TunnelInitiation, UnderLoadWhatNobodyAnswersIsNotHashed) {
    use_load();
    auto bad = keys.sealed<tg_wg_initiation>();
    bad.mac1[0] ^= 1U;
    EXPECT_EQ(in(bad), dropped(DropReason::tunnel_mac1));
    spend_cookies();
    EXPECT_EQ(in(bad), dropped(DropReason::tunnel_mac2));
    auto with_mac2 = with_cookie(keys.secret);
    with_mac2.mac1[0] ^= 1U;
    EXPECT_EQ(in(with_mac2), dropped(DropReason::tunnel_mac1));
    know_source(talk.remote);
    EXPECT_EQ(in(bad), dropped(DropReason::tunnel_mac1)) << "a peer is there";
}

// Case W25
TEST_F(TunnelInitiation, MacsTakeOnePartOfTheTimeInSoManyAndNoMore) {
    EXPECT_EQ(mac_due(false), 0U);
    const std::uint64_t before = boot_time_ns();
    EXPECT_EQ(in_initiation(), kPassed);
    EXPECT_GT(mac_due(false), before - TG_SECOND / 100) << "of a clock with ticks";
    EXPECT_LT(mac_due(false), boot_time_ns() + TG_MAC_BURST_NS);
    EXPECT_EQ(mac_due(true), 0U);
    spend_mac_time(false);
    EXPECT_EQ(in_initiation(), dropped(DropReason::tunnel_busy));
    EXPECT_EQ(in(with_cookie(keys.secret)), dropped(DropReason::tunnel_busy));
    EXPECT_EQ(in(TunnelKeys{}.sealed<tg_wg_initiation>()), dropped(DropReason::tunnel_busy));
}

TEST_F(TunnelInitiation, WhereAPeerIsMacsHaveATimeOfTheirOwn) {
    know_source(talk.remote);
    spend_mac_time(false);
    EXPECT_EQ(in_initiation(), kPassed);
    EXPECT_GT(mac_due(true), 0U);
    EXPECT_EQ(in(TunnelKeys{}.sealed<tg_wg_initiation>()), dropped(DropReason::tunnel_mac1));
    spend_mac_time(true);
    EXPECT_EQ(in_initiation(), dropped(DropReason::tunnel_busy));
}

// Case W25
TEST_F(TunnelInitiation, AFloodFromWhereOnePeerIsLeavesTheMacTimeOfTheOthers) {
    know_source(talk.remote);
    spend_mac_time(false);
    const Bytes bad = bytes_of(TunnelKeys{}.sealed<tg_wg_initiation>());
    int hashed = 0;
    while (in(bad) == dropped(DropReason::tunnel_mac1)) {
        ASSERT_LT(++hashed, 100) << "as many as there are";
    }
    EXPECT_GE(hashed, 5);
    const std::uint64_t spent = mac_due(true);
    EXPECT_EQ(in(bad), dropped(DropReason::tunnel_busy));
    EXPECT_EQ(mac_due(true), spent);
    put_receiver(receiver(1U << TG_WG_RESPONSE));
    EXPECT_EQ(in(keys.sealed<tg_wg_response>()), kPassed);
    talk.remote = ip("192.0.2.77");
    know_source(talk.remote);
    EXPECT_EQ(in_initiation(), kPassed) << "where another peer is";
}

TEST_F(TunnelInitiation, TheTurnForTheMacTimeOfPeersIsTheOneThatNeedsNoCookie) {
    use_load();
    spend_cookies();
    spend_mac_time(false);
    know_source(talk.remote);
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(in_initiation(), kPassed) << i;
    }
    EXPECT_EQ(after_five(), dropped(DropReason::tunnel_mac2));
}

TEST_F(TunnelInitiation, ATurnIsNotTakenWhenNoMacTimeIsLeft) {
    know_source(talk.remote);
    spend_mac_time(false);
    spend_mac_time(true);
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(in_initiation(), dropped(DropReason::tunnel_busy));
    }
    give_mac_time(true);
    EXPECT_EQ(in_initiation(), kPassed);
}

TEST_F(TunnelInitiation, ResponsesHaveTheMacTimeOfPeers) {
    spend_mac_time(false);
    put_receiver(receiver(1U << TG_WG_RESPONSE));
    EXPECT_EQ(in(keys.sealed<tg_wg_response>()), kPassed);
    spend_mac_time(true);
    EXPECT_EQ(in(keys.sealed<tg_wg_response>()), dropped(DropReason::tunnel_busy));
    guard(keys.tunnel(0));
    EXPECT_EQ(in(keys.sealed<tg_wg_response>()), kPassed) << "that is not hashed here";
}

TEST_F(TunnelInitiation, UnderLoadAFewFromWhereAPeerIsNeedNoCookie) {
    use_load();
    spend_cookies();
    know_source(talk.remote);
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(in_initiation(), kPassed) << i;
    }
    EXPECT_EQ(after_five(), dropped(DropReason::tunnel_mac2));
    EXPECT_EQ(in(with_cookie(keys.secret)), kPassed) << "that is another bucket";
    talk.remote = ip("192.0.2.2");
    EXPECT_EQ(in_initiation(), dropped(DropReason::tunnel_mac2)) << "nobody is there";
}

TEST_F(TunnelInitiation, WhereAPeerIsCookiesAreGivenToo) {
    use_load();
    know_source(talk.remote, boot_time_ns() + 3600 * TG_SECOND);
    EXPECT_EQ(in_initiation(), kPassed) << "to be given a cookie, as everybody";
    spend_cookies();
    EXPECT_EQ(in_initiation(), dropped(DropReason::tunnel_mac2));
}

TEST_F(TunnelInitiation, WhereAPeerIsIsOfOneTunnelAndANetwork) {
    use_load();
    spend_cookies();
    know_source(talk.remote, 0, 4);
    EXPECT_EQ(in_initiation(), dropped(DropReason::tunnel_mac2)) << "a peer of another tunnel";
    talk = talk6();
    talk.local_port = 51820;
    IpAddress network = talk.remote;
    std::fill(network.bytes.begin() + 8, network.bytes.end(), std::uint8_t{0});
    know_source(network);
    EXPECT_EQ(in_initiation(), kPassed);
    talk.remote.bytes[15] ^= 1U;
    EXPECT_EQ(in_initiation(), kPassed);
    talk.remote.bytes[7] ^= 1U;
    EXPECT_EQ(in_initiation(), dropped(DropReason::tunnel_mac2));
}

TEST_F(TunnelInitiation, WithoutACookieTheBucketOfTheSourceStays) {
    use_load();
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(in_initiation(), kPassed) << i;
    }
    EXPECT_EQ(in(with_cookie(keys.secret)), kPassed);
}

TEST_F(TunnelInitiation, WithACookieTheBucketOfTheSourceCounts) {
    use_load();
    Outcome last;
    for (int i = 0; i < 12; ++i) {
        last = in(with_cookie(keys.secret));
    }
    EXPECT_EQ(last, dropped(DropReason::tunnel_source));
}

TEST(MacTime, APauseInsideAMacOwesNoMoreThanMayBeOwedAtOnce) {
    EXPECT_EQ(tg_mac_debt(700), 8 * 700U);
    EXPECT_EQ(tg_mac_debt(TG_MAC_BURST_NS / TG_MAC_SHARE - 1), TG_MAC_BURST_NS - TG_MAC_SHARE);
    EXPECT_EQ(tg_mac_debt(TG_MAC_BURST_NS / TG_MAC_SHARE), TG_MAC_BURST_NS);
    EXPECT_EQ(tg_mac_debt(10 * TG_SECOND), TG_MAC_BURST_NS);
}

// RFC 7693 by way of crypto/, which has the vectors: the state after the key's block.
TEST_F(TunnelInitiation, TheStateAfterTheKeyIsThatOfTheWholeHash) {
    const crypto::Hash key = keys.mac1_key();
    const Bytes message = text("of no more than one block");
    tg_blake2s hash{};
    std::ranges::copy(crypto::mac_state(key), hash.state);
    hash.compressed = TG_BLAKE2S_BLOCK_BYTES;
    tg_blake2s_update(&hash, message.data(), message.size());
    crypto::Mac digest{};
    tg_blake2s_finish(&hash, digest.data(), static_cast<__u32>(digest.size()));
    EXPECT_EQ(digest, crypto::mac(key, message));
}

}  // namespace
}  // namespace tollgate::test

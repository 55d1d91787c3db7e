// SPDX-License-Identifier: MIT
// Section 9 of docs/packet-path.md in the reference model, with messages of a peer that is not
// ours.
#include "policy/reference_tunnel.hpp"

#include "tests/support/handshake.hpp"
#include "tests/support/reference_gate.hpp"
#include "tests/support/tunnel_keys.hpp"
#include "tests/unit/crypto/handshake_vectors.hpp"

namespace tollgate::test {
namespace {

using policy::ReferenceReceiver;
using policy::ReferenceTunnel;

ReferenceTunnel::Key key_of(crypto::Bytes bytes) {
    ReferenceTunnel::Key key{};
    std::ranges::copy(bytes, key.begin());
    return key;
}

class ReferenceTunnelTest : public ReferenceGate {
  protected:
    void SetUp() override {
        talk.local_port = 51820;
        talk.remote_port = 51821;
        std::ranges::copy(keys.mac1_key(), tunnel().mac1_key.begin());
        tunnel().cookie_secrets = {key_of(keys.secret.bytes())};
    }

    ReferenceTunnel& tunnel() { return model.tunnels().by_port[51820]; }
    /// At the peer's place, for an hour.
    ReferenceReceiver& receiver(std::set<std::uint32_t> accepts) {
        ReferenceReceiver known;
        known.accepts = std::move(accepts);
        known.expires = now + 1h;
        known.address = talk.remote;
        known.port = talk.remote_port;
        return tunnel().receivers[kIndex] = known;
    }

    Judgement message(const Bytes& bytes) { return in(talk.udp(kIn, bytes)); }
    template <typename Message>
    Judgement message(const Message& message) {
        return this->message(bytes_of(message));
    }
    Judgement fresh_initiation() { return message(keys.sealed<tg_wg_initiation>()); }
    [[nodiscard]] tg_wg_initiation with_cookie() const {
        return TunnelKeys::with_cookie(keys.sealed<tg_wg_initiation>(), keys.secret, talk);
    }

    TunnelKeys keys;
};

TEST_F(ReferenceTunnelTest, OnlyTheFourMessagesAreSome) {
    tunnel().checks_mac1 = false;
    receiver({TG_WG_RESPONSE, TG_WG_COOKIE_REPLY, TG_WG_DATA});
    for (unsigned type = 0; type <= 5; ++type) {
        for (std::size_t size = 0; size <= 160; ++size) {
            Bytes bytes(size);
            if (size > 0) {
                put8(bytes, 0, type);
            }
            const bool is_message = (type == 1 && size == 148) || (type == 2 && size == 92) ||
                                    (type == 3 && size == 64) || (type == 4 && size >= 32);
            const bool refused = message(bytes).reason == DropReason::tunnel_message;
            EXPECT_EQ(refused, !is_message) << "type " << type << ", " << size << " bytes";
        }
    }
}

TEST_F(ReferenceTunnelTest, OtherPortsAreOfTheRules) {
    talk.local_port = 51822;
    EXPECT_TRUE(dropped(fresh_initiation(), DropReason::policy_default));
    use_allow(kIn);
    EXPECT_TRUE(passed(fresh_initiation())) << "no tunnel listens there";
}

TEST_F(ReferenceTunnelTest, DataNeedsAKeypair) {
    EXPECT_TRUE(dropped(message(TunnelKeys::data()), DropReason::tunnel_index));
    receiver({TG_WG_RESPONSE, TG_WG_COOKIE_REPLY});
    EXPECT_TRUE(dropped(message(TunnelKeys::data()), DropReason::tunnel_index));
    receiver({TG_WG_DATA});
    EXPECT_TRUE(passed(message(TunnelKeys::data())));
    EXPECT_TRUE(dropped(message(TunnelKeys::data(0, htobe32(kIndex))), DropReason::tunnel_index));
    now += 1h;
    EXPECT_TRUE(dropped(message(TunnelKeys::data()), DropReason::tunnel_index)) << "it has ended";
}

TEST_F(ReferenceTunnelTest, CountersAreNeitherStaleNorUsedUp) {
    receiver({TG_WG_DATA}).greatest_counter = 100'000;
    EXPECT_TRUE(passed(message(TunnelKeys::data(100'000 - TG_WG_WINDOW))));
    EXPECT_TRUE(
        dropped(message(TunnelKeys::data(100'000 - TG_WG_WINDOW - 1)), DropReason::tunnel_counter));
    EXPECT_TRUE(passed(message(TunnelKeys::data(TG_WG_REJECT_AFTER_MESSAGES - 1))));
    EXPECT_TRUE(dropped(message(TunnelKeys::data(TG_WG_REJECT_AFTER_MESSAGES)),
                        DropReason::tunnel_counter));
}

TEST_F(ReferenceTunnelTest, DataFromElsewherePassesFiftyTimesASecond) {
    receiver({TG_WG_DATA});
    talk.remote_port += 1;
    for (int i = 0; i < 10; ++i) {
        EXPECT_TRUE(passed(message(TunnelKeys::data()))) << i;
    }
    EXPECT_TRUE(dropped(message(TunnelKeys::data()), DropReason::tunnel_roaming));
    now += 20ms;
    EXPECT_TRUE(passed(message(TunnelKeys::data())));
    EXPECT_TRUE(dropped(message(TunnelKeys::data()), DropReason::tunnel_roaming));
    talk.remote_port -= 1;
    EXPECT_TRUE(passed(message(TunnelKeys::data()))) << "the peer's own place";
}

TEST_F(ReferenceTunnelTest, AnswersPassForAHandshakeOfOurs) {
    const auto response = keys.sealed<tg_wg_response>();
    receiver({TG_WG_DATA});
    EXPECT_TRUE(dropped(message(response), DropReason::tunnel_unasked));
    EXPECT_TRUE(dropped(message(TunnelKeys::cookie_reply()), DropReason::tunnel_unasked));
    receiver({TG_WG_RESPONSE, TG_WG_COOKIE_REPLY});
    EXPECT_TRUE(passed(message(response)));
    EXPECT_TRUE(passed(message(TunnelKeys::cookie_reply())));
    EXPECT_TRUE(dropped(message(flipped(response, 20)), DropReason::tunnel_mac1));
    tunnel().checks_mac1 = false;
    EXPECT_TRUE(passed(message(flipped(response, 20))));
}

TEST_F(ReferenceTunnelTest, AnInitiationIsTakenOnce) {
    const auto initiation = keys.sealed<tg_wg_initiation>();
    EXPECT_TRUE(dropped(message(flipped(initiation, 4)), DropReason::tunnel_mac1));
    EXPECT_TRUE(passed(message(initiation)));
    talk.remote = ip("192.0.2.77");
    EXPECT_TRUE(dropped(message(initiation), DropReason::tunnel_replay));
}

TEST_F(ReferenceTunnelTest, ASourceMayBeginFiveAtOnceAndTwentyASecond) {
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(passed(fresh_initiation())) << i;
    }
    EXPECT_TRUE(dropped(fresh_initiation(), DropReason::tunnel_source));
    now += 50ms;
    EXPECT_TRUE(passed(fresh_initiation()));
    EXPECT_TRUE(dropped(fresh_initiation(), DropReason::tunnel_source));
    talk.remote = ip("192.0.2.2");
    EXPECT_TRUE(passed(fresh_initiation())) << "another source";
}

TEST_F(ReferenceTunnelTest, AnIPv6SourceIsItsNetwork) {
    talk = talk6();
    talk.local_port = 51820;
    for (std::uint8_t host = 0; host < 5; ++host) {
        talk.remote.bytes[15] = host;
        EXPECT_TRUE(passed(fresh_initiation()));
    }
    talk.remote.bytes[8] ^= 1U;
    EXPECT_TRUE(dropped(fresh_initiation(), DropReason::tunnel_source));
    talk.remote.bytes[7] ^= 1U;
    EXPECT_TRUE(passed(fresh_initiation())) << "the next /64";
}

TEST_F(ReferenceTunnelTest, UnderLoadACookieIsNeededOnceTheRepliesAreSpent) {
    tunnel().under_load = true;
    for (int i = 0; i < 1000; ++i) {  // what 50 ms of 20,000 replies a second are
        ASSERT_TRUE(passed(fresh_initiation())) << i;
    }
    EXPECT_TRUE(dropped(fresh_initiation(), DropReason::tunnel_mac2));
    EXPECT_TRUE(passed(message(with_cookie())));
    const auto stolen = with_cookie();
    talk.remote_port += 1;
    EXPECT_TRUE(dropped(message(stolen), DropReason::tunnel_mac2));
}

TEST_F(ReferenceTunnelTest, WithACookieTheSourceCounts) {
    tunnel().under_load = true;
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(passed(message(with_cookie()))) << i;
    }
    EXPECT_TRUE(dropped(message(with_cookie()), DropReason::tunnel_source));
}

/// A tunnel whose keys are known to the vectors.
class KnownReferenceTunnel : public ReferenceTunnelTest,
                             public testing::WithParamInterface<HandshakeVector> {
  protected:
    void SetUp() override {
        keys.key = public_key_of(unhex_secret(known.responder_private));
        ReferenceTunnelTest::SetUp();
        talk = ip(known.source_address).is_ipv4() ? Talk{} : talk6();
        talk.local_port = 51820;
        talk.remote = ip(known.source_address);
        talk.remote_port = known.source_port;
        tunnel().cookie_secrets = {key_of(keys.previous_secret.bytes()),
                                   key_of(unhex(known.cookie_secret))};
    }
    void demand_site(std::int64_t slots_ahead = 0) {
        tunnel().site_secret = key_of(unhex(known.site));
        tunnel().stealth_slot = known.unix_ns / 120'000'000'000 + slots_ahead;
    }

    HandshakeVector known = GetParam();
};

TEST_P(KnownReferenceTunnel, ItsInitiationPasses) {
    EXPECT_TRUE(passed(message(unhex(known.initiation))));
}

TEST_P(KnownReferenceTunnel, ItsCookieSavesItUnderLoad) {
    tunnel().under_load = true;
    while (tunnel().cookies.take(now, 500us, 500ms)) {
    }
    EXPECT_TRUE(dropped(message(unhex(known.initiation)), DropReason::tunnel_mac2));
    EXPECT_TRUE(passed(message(unhex(known.initiation_with_cookie))));
}

TEST_P(KnownReferenceTunnel, TheSecretOfItsSiteIsAskedForWithinOneSlot) {
    for (const std::int64_t ahead : {-2, 2}) {
        demand_site(ahead);
        EXPECT_TRUE(dropped(message(unhex(known.initiation_of_site)), DropReason::tunnel_stealth));
    }
    demand_site();
    EXPECT_TRUE(dropped(message(unhex(known.initiation)), DropReason::tunnel_stealth));
    EXPECT_TRUE(passed(message(unhex(known.initiation_of_site))));
}

TEST_P(KnownReferenceTunnel, TheNeighbouringSlotsAreGood) {
    const Bytes initiation = unhex(known.initiation_of_site);
    for (const std::int64_t ahead : {-1, 1}) {
        use({});  // it has seen no initiation
        SetUp();
        demand_site(ahead);
        EXPECT_TRUE(passed(message(initiation))) << ahead;
    }
}

TEST_P(KnownReferenceTunnel, ACookieIsAsGoodAsTheSecretWhereCookiesAreTaken) {
    demand_site();
    const Bytes initiation = unhex(known.initiation_with_cookie);
    EXPECT_TRUE(dropped(message(initiation), DropReason::tunnel_stealth));
    tunnel().takes_cookies = true;
    EXPECT_TRUE(passed(message(initiation)));
}

INSTANTIATE_TEST_SUITE_P(Vectors, KnownReferenceTunnel, testing::ValuesIn(kHandshakeVectors));

}  // namespace
}  // namespace tollgate::test

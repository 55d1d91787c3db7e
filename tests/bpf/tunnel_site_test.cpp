// SPDX-License-Identifier: MIT
// Initiations to a tunnel that wants the stealth MAC: docs/packet-path.md, section 9.
#include "tests/bpf/tunnel_fixture.hpp"

namespace tollgate::test {
namespace {

using namespace std::chrono_literals;

class TunnelSite : public TunnelTest {
  protected:
    void SetUp() override {
        TunnelTest::SetUp();
        if (!IsSkipped() && !HasFatalFailure()) {
            demand(0);
        }
    }
    void demand(unsigned more) { guard(keys.tunnel(TG_TUNNEL_MAC1 | TG_TUNNEL_STEALTH | more)); }
    // From a source of its own, which is never over its rate.
    Outcome in_fresh(const tg_wg_initiation& message) {
        talk.remote.bytes[14] = static_cast<std::uint8_t>(++sources_ >> 8U);
        talk.remote.bytes[15] = static_cast<std::uint8_t>(sources_);
        return in(message);
    }
    tg_wg_initiation of_site(std::chrono::seconds ahead = {}) const {
        return keys.of_site(keys.sealed<tg_wg_initiation>(), ahead);
    }
    tg_wg_initiation with_cookie() const {
        return TunnelKeys::with_cookie(keys.sealed<tg_wg_initiation>(), keys.secret, talk);
    }

  private:
    unsigned sources_ = 0;
};

TEST_F(TunnelSite, WhoHasTheSecretPassesAndWhoOnlyKnowsThePublicKeyDoesNot) {
    EXPECT_EQ(in(of_site()), kPassed);
    EXPECT_EQ(in_initiation(), dropped(DropReason::tunnel_stealth)) << "as a stock peer sends it";
    TunnelKeys other_site;
    other_site.key = keys.key;
    EXPECT_EQ(in(other_site.of_site(keys.sealed<tg_wg_initiation>())),
              dropped(DropReason::tunnel_stealth));
}

TEST_F(TunnelSite, EveryBitOfTheMacCounts) {
    const Bytes good = bytes_of(of_site());
    for (std::size_t at = offsetof(tg_wg_initiation, mac2); at < good.size(); ++at) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            Bytes bad = good;
            put8(bad, at, std::to_integer<unsigned>(bad[at]) ^ 1U << bit);
            EXPECT_EQ(in(bad), dropped(DropReason::tunnel_stealth)) << at;
        }
    }
    EXPECT_EQ(in(good), kPassed);
}

TEST_F(TunnelSite, TheMacIsOfOneMessage) {
    auto other = of_site();
    const auto message = of_site();
    std::memcpy(other.mac2, message.mac2, sizeof other.mac2);
    EXPECT_EQ(in(other), dropped(DropReason::tunnel_stealth));
    EXPECT_EQ(in(message), kPassed);
    EXPECT_EQ(in(message), dropped(DropReason::tunnel_replay));
}

TEST_F(TunnelSite, ABadMac1IsToldFirst) {
    auto bad = of_site();
    bad.ephemeral[0] ^= 1U;
    EXPECT_EQ(in(bad), dropped(DropReason::tunnel_mac1));
}

TEST_F(TunnelSite, ClocksMayDifferByASlot) {
    for (const auto ahead : {-120s, 0s, 239s}) {  // the gate's time is where a slot begins
        EXPECT_EQ(in_fresh(of_site(ahead)), kPassed) << ahead.count();
    }
    for (const auto ahead : {-121s, 240s, 3600s, -3600s}) {
        EXPECT_EQ(in_fresh(of_site(ahead)), dropped(DropReason::tunnel_stealth)) << ahead.count();
    }
}

TEST_F(TunnelSite, WhoIsRefusedUsesUpNothing) {
    const auto honest = of_site();
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(in_initiation(), dropped(DropReason::tunnel_stealth));
    }
    auto stolen = honest;
    stolen.mac2[0] ^= 1U;
    EXPECT_EQ(in(stolen), dropped(DropReason::tunnel_stealth)) << "and is no replay later";
    EXPECT_EQ(in(honest), kPassed);
}

TEST_F(TunnelSite, UnderLoadOnlyTheSiteMayAskForACookie) {
    demand(TG_TUNNEL_UNDER_LOAD);
    EXPECT_EQ(in_initiation(), dropped(DropReason::tunnel_stealth));
    EXPECT_EQ(in(of_site()), kPassed) << "to be given a cookie";
    programs.put(
        programs.object().maps.cookie_due, std::uint32_t{3}, boot_time_ns() + 3600 * TG_SECOND);
    EXPECT_EQ(in(of_site()), dropped(DropReason::tunnel_mac2));
    EXPECT_EQ(in(with_cookie()), kPassed);
}

TEST_F(TunnelSite, ACookieStandsForTheMacAsLongAsItIsGood) {
    EXPECT_EQ(in(with_cookie()), dropped(DropReason::tunnel_stealth));
    demand(TG_TUNNEL_COOKIES);
    EXPECT_EQ(in(with_cookie()), kPassed);
    EXPECT_EQ(in(of_site()), kPassed);
    EXPECT_EQ(in_initiation(), dropped(DropReason::tunnel_stealth));
    talk.remote_port += 1;
    const auto of_another_port = with_cookie();
    talk.remote_port -= 1;
    EXPECT_EQ(in(of_another_port), dropped(DropReason::tunnel_stealth));
}

TEST_F(TunnelSite, OtherMessagesNeedNoMac) {
    put_receiver(receiver(kAcceptsData | 1U << TG_WG_RESPONSE | 1U << TG_WG_COOKIE_REPLY));
    EXPECT_EQ(in(TunnelKeys::data()), kPassed);
    EXPECT_EQ(in(keys.sealed<tg_wg_response>()), kPassed);
    EXPECT_EQ(in(TunnelKeys::cookie_reply()), kPassed);
}

TEST_F(TunnelSite, WithMac1LeftToTheAgentTheSecretIsStillNeeded) {
    guard(keys.tunnel(TG_TUNNEL_STEALTH));
    EXPECT_EQ(in(of_site()), kPassed);
    EXPECT_EQ(in_initiation(), dropped(DropReason::tunnel_stealth));
}

}  // namespace
}  // namespace tollgate::test

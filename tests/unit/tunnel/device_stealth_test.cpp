// SPDX-License-Identifier: MIT
// The secret of a site: who gets an answer.
#include <chrono>

#include <gmock/gmock.h>

#include <tollgate/abi/wireguard.h>

#include "agent/tunnel/device.hpp"
#include "tests/support/tunnel_lab.hpp"

namespace tollgate::test {
namespace {

using namespace std::chrono_literals;
using agent::StealthMode;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// `left` begins the handshakes, `right` answers.
struct SiteLab : TunnelLab {
    static void set(TunnelHost& host, StealthMode mode, const crypto::SymmetricKey& secret) {
        agent::DeviceChange change;
        change.stealth = agent::Stealth{mode, secret.clone()};
        host.apply(std::move(change));
    }
    void set(TunnelHost& host, StealthMode mode) const { set(host, mode, site); }

    /// Whether a packet of `left` arrives.
    bool talk() {
        right.port->received.clear();
        left.send("10.0.0.2");
        settle();
        return !right.port->received.empty();
    }
    [[nodiscard]] std::uint64_t refused() const {
        return right.device->handshakes().no_stealth_mac;
    }
    /// An initiation of `left`, on its way.
    Datagram initiation() {
        left.send("10.0.0.2");
        EXPECT_EQ(type_of(left.link->sent.back().bytes), TG_WG_INITIATION);
        return left.link->sent.back().bytes;
    }
    static bool has_mac2(const Datagram& initiation) {
        const crypto::Bytes mac2 = crypto::mac2_of(initiation);
        return std::ranges::any_of(mac2, [](std::byte byte) { return byte != std::byte{0}; });
    }
    void flood_right(const Datagram& datagram) {
        for (int i = 0; i < 200; ++i) {
            right.link->deliver(datagram, left.endpoint);
            right.device->worker().link_is_readable(0, right.now());
        }
        right.work();
    }

    crypto::SymmetricKey site = crypto::generate_preshared_key();
};

TEST(DeviceStealth, StrictAnswersWhoHasTheSecret) {
    for (const StealthMode mode : {StealthMode::send, StealthMode::strict}) {
        SiteLab lab;
        lab.set(lab.left, mode);
        lab.set(lab.right, StealthMode::strict);
        EXPECT_TRUE(lab.talk());
        EXPECT_EQ(lab.refused(), 0U);
    }
}

TEST(DeviceStealth, StrictSendsNothingToAPeerWithoutTheSecret) {
    SiteLab lab;
    lab.set(lab.right, StealthMode::strict);
    EXPECT_FALSE(lab.talk());
    SiteLab::set(lab.left, StealthMode::strict, crypto::generate_preshared_key());
    lab.pass(6s);
    EXPECT_GE(lab.refused(), 2U);
    EXPECT_EQ(lab.take_count(TG_WG_RESPONSE), 0U);
    EXPECT_EQ(lab.take_count(TG_WG_COOKIE_REPLY), 0U);
    lab.set(lab.left, StealthMode::send);
    lab.pass(6s);
    EXPECT_THAT(lab.right.port->received, SizeIs(1)) << "the packet had to wait for the secret";
}

TEST(DeviceStealth, OffAndSendAnswerEverybodyAndAreAnswered) {
    for (const StealthMode left : {StealthMode::off, StealthMode::send}) {
        for (const StealthMode right : {StealthMode::off, StealthMode::send}) {
            SiteLab lab;
            lab.set(lab.left, left);
            lab.set(lab.right, right);
            EXPECT_TRUE(lab.talk()) << label(left) << ' ' << label(right);
        }
    }
}

TEST(DeviceStealth, OnlyInitiationsHaveTheMac) {
    SiteLab lab;
    EXPECT_FALSE(SiteLab::has_mac2(lab.initiation())) << "off";
    SiteLab sends;
    sends.set(sends.left, StealthMode::send);
    sends.set(sends.right, StealthMode::strict);
    const Datagram initiation = sends.initiation();
    EXPECT_TRUE(SiteLab::has_mac2(initiation));
    sends.right.receive(initiation, sends.left.endpoint);
    const Datagram& response = sends.right.link->sent.back().bytes;
    ASSERT_EQ(type_of(response), TG_WG_RESPONSE);
    EXPECT_FALSE(SiteLab::has_mac2(response));
}

TEST(DeviceStealth, ForASlotAndNoLonger) {
    SiteLab lab;
    lab.set(lab.left, StealthMode::send);
    lab.set(lab.right, StealthMode::strict);
    const Datagram initiation = lab.initiation();
    lab.left.link->sent.clear();
    *lab.clock += 240s;
    lab.right.receive(initiation, lab.left.endpoint);
    EXPECT_EQ(lab.refused(), 1U);
    EXPECT_THAT(lab.right.link->sent, IsEmpty());
}

TEST(DeviceStealth, AStrangerCausesNoLoadAndGetsNoCookie) {
    SiteLab lab;
    lab.set(lab.right, StealthMode::strict);
    lab.flood_right(lab.initiation());
    EXPECT_EQ(lab.refused(), 200U);
    EXPECT_THAT(lab.right.link->sent, IsEmpty());
    EXPECT_EQ(lab.right.device->handshakes().cookies_sent, 0U);
}

TEST(DeviceStealth, ACookieStandsForTheMacAlsoAfterTheLoad) {
    SiteLab lab;
    lab.set(lab.left, StealthMode::send);
    lab.set(lab.right, StealthMode::strict);
    const Datagram initiation = lab.initiation();
    lab.left.link->sent.clear();
    lab.flood_right(initiation);
    EXPECT_GT(lab.right.device->handshakes().cookies_sent, 0U);
    lab.settle();  // the first cookie is for the last initiation
    lab.pass(6s);
    EXPECT_THAT(lab.right.port->received, SizeIs(1)) << "by a cookie";
    EXPECT_EQ(lab.refused(), 0U);
}

TEST(DeviceStealth, OthersStayConnectedWhenItIsChanged) {
    SiteLab lab;
    ASSERT_TRUE(lab.talk());
    lab.take_count(TG_WG_INITIATION);
    lab.set(lab.right, StealthMode::strict);
    EXPECT_TRUE(lab.talk()) << "a keypair lasts";
    EXPECT_EQ(lab.take_count(TG_WG_INITIATION), 0U);
}

}  // namespace
}  // namespace tollgate::test

// SPDX-License-Identifier: MIT
#include "agent/tunnel/device.hpp"

#include <chrono>

#include <gmock/gmock.h>

#include <tollgate/abi/wireguard.h>

#include "tests/support/tunnel_lab.hpp"

namespace tollgate::test {
namespace {

using namespace std::chrono_literals;
using ::testing::SizeIs;

TEST(Device, ShakesHandsForTheFirstPacketAndDeliversIt) {
    TunnelLab lab;
    lab.left.send("10.0.0.2", 333);
    lab.settle();
    ASSERT_THAT(lab.right.port->received, SizeIs(1));
    EXPECT_EQ(lab.right.port->received[0], inner_packet("10.0.0.1", "10.0.0.2", 333));
    EXPECT_NE(lab.left.peer().last_handshake, 0ns);
    EXPECT_NE(lab.right.peer().last_handshake, 0ns);
}

TEST(Device, AnswersToWhereTheInitiatorIs) {
    TunnelLab lab;
    lab.left.send("10.0.0.2");
    lab.settle();
    lab.right.send("10.0.0.1");
    lab.settle();
    EXPECT_THAT(lab.left.port->received, SizeIs(1));
    EXPECT_EQ(lab.right.peer().endpoint.to_string(), "192.0.2.1:51820");
}

TEST(Device, SendsNothingToAPeerWithoutEndpoint) {
    TunnelLab lab;
    lab.right.send("10.0.0.1");
    EXPECT_TRUE(lab.right.link->sent.empty());
    EXPECT_EQ(lab.right.device->egress().no_endpoint, 1U);
}

TEST(Device, SendsNothingToADestinationThatNoPeerHas) {
    TunnelLab lab;
    lab.left.send("10.0.0.3");
    EXPECT_TRUE(lab.left.link->sent.empty());
    EXPECT_EQ(lab.left.device->egress().no_peer, 1U);
}

// Case W15
TEST(Device, RetriesAboutEveryFiveSecondsAndGivesUpAfterNinety) {
    TunnelLab lab;
    std::size_t initiations = 0;
    lab.wire = [&](TunnelHost&, Datagram&) {
        ++initiations;
        return false;
    };
    lab.left.send("10.0.0.2");
    lab.settle();
    lab.pass(5400ms);
    EXPECT_EQ(initiations, 2U);
    lab.pass(120s);
    EXPECT_EQ(initiations, 19U);
    EXPECT_EQ(lab.left.device->egress().staged_dropped, 1U);
}

TEST(Device, KeepsTheNewestOfTooManyStagedPackets) {
    TunnelLab lab;
    for (std::size_t i = 0; i < agent::kStagedPacketsMax + 10; ++i) {
        lab.left.send("10.0.0.2", i);
    }
    lab.settle();
    ASSERT_THAT(lab.right.port->received, SizeIs(agent::kStagedPacketsMax));
    EXPECT_EQ(lab.right.port->received.front(), inner_packet("10.0.0.1", "10.0.0.2", 10));
}

// Case W14
TEST(Device, RekeysAfterTwoMinutesOnlyAsTheInitiator) {
    TunnelLab lab;
    lab.left.send("10.0.0.2");
    lab.settle();
    EXPECT_EQ(lab.take_count(TG_WG_INITIATION), 1U);
    lab.pass(119s);
    lab.left.send("10.0.0.2");
    lab.right.send("10.0.0.1");
    lab.settle();
    EXPECT_EQ(lab.take_count(TG_WG_INITIATION), 0U);
    lab.pass(2s);
    lab.right.send("10.0.0.1");
    lab.settle();
    EXPECT_EQ(lab.take_count(TG_WG_INITIATION), 0U);
    lab.left.send("10.0.0.2");
    lab.settle();
    EXPECT_EQ(lab.take_count(TG_WG_INITIATION), 1U);
}

// Case F25
TEST(Device, LosesNothingInTenMinutesOfTrafficWithRekeys) {
    TunnelLab lab;
    for (int i = 0; i < 6000; ++i) {
        lab.left.send("10.0.0.2");
        lab.right.send("10.0.0.1");
        lab.pass(100ms);
    }
    // The first of `right` had nowhere to go, which it was told.
    EXPECT_THAT(lab.right.port->received, SizeIs(6000 + 1));
    EXPECT_THAT(lab.left.port->received, SizeIs(6000 - 1));
    EXPECT_EQ(lab.take_count(TG_WG_INITIATION), 5U);
}

// Case W15
TEST(Device, AnswersDataByAKeepaliveAfterTenSecondsAndAKeepaliveByNothing) {
    TunnelLab lab;
    lab.left.send("10.0.0.2");
    lab.settle();
    lab.take_count(TG_WG_DATA);
    lab.pass(9900ms);
    EXPECT_EQ(lab.take_count(TG_WG_DATA), 0U);
    lab.pass(200ms);
    EXPECT_EQ(lab.take_count(TG_WG_DATA), 1U);
    lab.pass(60s);
    EXPECT_EQ(lab.take_count(TG_WG_DATA), 0U);
    EXPECT_EQ(lab.take_count(TG_WG_INITIATION), 1U);
}

// Case W15
TEST(Device, InitiatesAnewIfDataIsNotAnsweredForFifteenSeconds) {
    TunnelLab lab;
    lab.left.send("10.0.0.2");
    lab.settle();
    lab.pass(20s);
    lab.take_count(TG_WG_INITIATION);
    std::size_t initiations = 0;
    lab.wire = [&](TunnelHost&, Datagram& datagram) {
        initiations += type_of(datagram) == TG_WG_INITIATION ? 1U : 0U;
        return false;
    };
    lab.left.send("10.0.0.2");
    lab.settle();
    lab.pass(14900ms);
    EXPECT_EQ(initiations, 0U);
    lab.pass(500ms);
    EXPECT_EQ(initiations, 1U);
}

// Case W14
TEST(Device, ForgetsAllKeysAfterNineMinutes) {
    TunnelLab lab;
    lab.left.send("10.0.0.2");
    lab.settle();
    const agent::Peer* peer = lab.left.device->peers().find(lab.right.public_key);
    lab.pass(539s);
    EXPECT_FALSE(peer->keypairs.empty());
    lab.pass(2s);
    EXPECT_TRUE(peer->keypairs.empty());
}

TEST(Device, SendsPersistentKeepalives) {
    TunnelLab lab;
    agent::DeviceChange change;
    agent::PeerChange& peer = change.peers.emplace_back();
    peer.public_key = lab.right.public_key;
    peer.persistent_keepalive = std::uint16_t{25};
    lab.left.apply(std::move(change));
    lab.left.work();
    lab.settle();
    EXPECT_EQ(lab.take_count(TG_WG_INITIATION), 1U);
    lab.take_count(TG_WG_DATA);
    lab.pass(100s);
    EXPECT_EQ(lab.take_count(TG_WG_DATA), 4U);
}

}  // namespace
}  // namespace tollgate::test

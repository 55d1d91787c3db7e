// SPDX-License-Identifier: MIT
// What strangers, and peers that do what they may not, achieve with a device: nothing.
#include <chrono>
#include <cstring>

#include <gmock/gmock.h>

#include <tollgate/abi/wireguard.h>

#include "agent/tunnel/device.hpp"
#include "tests/support/frame.hpp"
#include "tests/support/tunnel_lab.hpp"

namespace tollgate::test {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Two hosts after a handshake, and what `left` sends from then on.
struct EstablishedLab : TunnelLab {
    EstablishedLab() {
        left.send("10.0.0.2");
        settle();
        right.port->received.clear();
    }
    Datagram next_data() {
        left.send("10.0.0.2");
        Datagram datagram = left.link->sent.back().bytes;
        left.link->sent.clear();
        return datagram;
    }
    [[nodiscard]] std::string endpoint_of_left() const { return right.peer().endpoint.to_string(); }
};

TEST(DeviceSecurity, DeliversADatagramOnce) {
    EstablishedLab lab;
    const Datagram data = lab.next_data();
    lab.right.receive(data, lab.left.endpoint);
    lab.right.receive(data, lab.left.endpoint);
    EXPECT_THAT(lab.right.port->received, SizeIs(1));
    EXPECT_EQ(lab.right.device->ingress().replayed, 1U);
}

// Case W21
TEST(DeviceSecurity, AReplayFromElsewhereDoesNotMoveThePeer) {
    EstablishedLab lab;
    const Datagram data = lab.next_data();
    lab.right.receive(data, lab.left.endpoint);
    lab.right.receive(data, elsewhere());
    EXPECT_EQ(lab.endpoint_of_left(), "192.0.2.1:51820");
}

// Case W13
TEST(DeviceSecurity, DropsAForgedDatagramAndDoesNotMoveTheWindow) {
    EstablishedLab lab;
    Datagram forged = lab.next_data();
    const Datagram honest = lab.next_data();
    put8(forged, offsetof(tg_wg_data, counter) + 2, 0xff);
    lab.right.receive(forged, elsewhere());
    EXPECT_THAT(lab.right.port->received, IsEmpty());
    EXPECT_EQ(lab.right.device->ingress().not_authentic, 1U);
    EXPECT_EQ(lab.endpoint_of_left(), "192.0.2.1:51820");
    lab.right.receive(honest, lab.left.endpoint);
    EXPECT_THAT(lab.right.port->received, SizeIs(1));
}

// Case W02
TEST(DeviceSecurity, DropsEveryTruncationOfData) {
    EstablishedLab lab;
    const Datagram data = lab.next_data();
    for (std::size_t size = 1; size < data.size(); ++size) {
        lab.right.receive(Datagram(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(size)),
                          elsewhere());
    }
    EXPECT_THAT(lab.right.port->received, IsEmpty());
    EXPECT_EQ(lab.endpoint_of_left(), "192.0.2.1:51820");
}

// Case W21
TEST(DeviceSecurity, FollowsAPeerThatRoams) {
    EstablishedLab lab;
    lab.right.receive(lab.next_data(), elsewhere());
    EXPECT_EQ(lab.endpoint_of_left(), "203.0.113.9:4444");
}

TEST(DeviceSecurity, DropsAnInnerSourceThatThePeerDoesNotHaveButFollowsIt) {
    EstablishedLab lab;
    lab.left.inner = "10.0.0.77";
    lab.right.receive(lab.next_data(), elsewhere());
    EXPECT_THAT(lab.right.port->received, IsEmpty());
    EXPECT_EQ(lab.right.device->ingress().wrong_source, 1U);
    EXPECT_EQ(lab.endpoint_of_left(), "203.0.113.9:4444");
}

TEST(DeviceSecurity, AMoreSpecificPrefixOfAnotherPeerTakesTheAddressAway) {
    EstablishedLab lab;
    agent::DeviceChange change;
    agent::PeerChange& other = change.peers.emplace_back();
    other.public_key = crypto::public_key_of(crypto::generate_private_key());
    other.allowed_ips.push_back({Prefix{ip("10.0.0.1"), 128}, false});
    lab.right.apply(std::move(change));
    lab.right.receive(lab.next_data(), lab.left.endpoint);
    EXPECT_THAT(lab.right.port->received, IsEmpty());
}

// Case W04
TEST(DeviceSecurity, AnswersAReplayedInitiationByNothing) {
    TunnelLab lab;
    lab.left.send("10.0.0.2");
    const Datagram initiation = lab.left.link->sent.front().bytes;
    lab.settle();
    for (int i = 0; i < 100; ++i) {
        *lab.clock += 21ms;
        lab.right.receive(initiation, elsewhere());
    }
    EXPECT_THAT(lab.right.link->sent, IsEmpty());
    EXPECT_EQ(lab.right.device->handshakes().replayed, 100U);
    EXPECT_EQ(lab.right.peer().endpoint.to_string(), "192.0.2.1:51820");
}

// Cases W03, W06
TEST(DeviceSecurity, AnswersEveryFlippedByteOfAnInitiationByNothing) {
    TunnelLab lab;
    lab.left.send("10.0.0.2");
    const Datagram initiation = lab.left.link->sent.front().bytes;
    for (std::size_t at = 0; at < initiation.size() - TG_WG_MAC_BYTES; ++at) {
        Datagram changed = initiation;
        changed[at] ^= std::byte{1};
        lab.right.receive(changed, lab.left.endpoint);
    }
    EXPECT_THAT(lab.right.link->sent, IsEmpty());
}

// Case W18
TEST(DeviceSecurity, IgnoresItsOwnMessages) {
    TunnelLab lab;
    lab.left.send("10.0.0.2");
    const Datagram initiation = lab.left.link->sent.front().bytes;
    lab.left.receive(initiation, lab.right.endpoint);
    lab.settle();
    lab.left.send("10.0.0.2");
    const Datagram data = lab.left.link->sent.back().bytes;
    lab.left.link->sent.clear();
    lab.left.receive(data, lab.right.endpoint);
    EXPECT_THAT(lab.left.link->sent, IsEmpty());
    EXPECT_THAT(lab.left.port->received, IsEmpty());
}

// Case W31
TEST(DeviceSecurity, AnswersAStrangerByNothing) {
    TunnelLab lab;
    TunnelHost stranger{"203.0.113.9", "10.0.0.3"};
    *lab.clock = *stranger.clock;
    stranger.add_peer(lab.right, true);
    stranger.send("10.0.0.2");
    lab.right.receive(stranger.link->sent.front().bytes, stranger.endpoint);
    EXPECT_THAT(lab.right.link->sent, IsEmpty());
    EXPECT_EQ(lab.right.device->handshakes().unknown_peer, 1U);
}

// Case W28
TEST(DeviceSecurity, ShakesNoHandsWithAnotherPresharedKey) {
    TunnelLab lab;
    agent::DeviceChange change;
    agent::PeerChange& peer = change.peers.emplace_back();
    peer.public_key = lab.left.public_key;
    peer.preshared_key = crypto::generate_preshared_key();
    lab.right.apply(std::move(change));
    lab.left.send("10.0.0.2");
    lab.settle();
    EXPECT_THAT(lab.right.port->received, IsEmpty());
    EXPECT_EQ(lab.left.device->handshakes().not_authentic, 1U);
}

// Case W28
TEST(DeviceSecurity, AChangeOfThePresharedKeyKeepsTheKeypairAndCountsInTheNextHandshake) {
    EstablishedLab lab;
    const crypto::PresharedKey key = crypto::generate_preshared_key();
    for (auto* host : {&lab.left, &lab.right}) {
        agent::DeviceChange change;
        agent::PeerChange& peer = change.peers.emplace_back();
        peer.public_key = host == &lab.left ? lab.right.public_key : lab.left.public_key;
        peer.preshared_key = key.clone();
        host->apply(std::move(change));
    }
    lab.right.receive(lab.next_data(), lab.left.endpoint);
    EXPECT_THAT(lab.right.port->received, SizeIs(1));
    lab.pass(121s);
    lab.left.send("10.0.0.2");
    lab.settle();
    lab.left.send("10.0.0.2");
    lab.settle();
    EXPECT_EQ(lab.left.device->handshakes().finished, 2U);
    EXPECT_THAT(lab.right.port->received, SizeIs(3));
}

// Case W14
TEST(DeviceSecurity, RefusesAKeypairAfterThreeMinutes) {
    EstablishedLab lab;
    const Datagram data = lab.next_data();
    *lab.clock += 180s;
    lab.right.receive(data, lab.left.endpoint);
    EXPECT_THAT(lab.right.port->received, IsEmpty());
    EXPECT_EQ(lab.right.device->ingress().expired, 1U);
}

// Case W16
TEST(DeviceSecurity, TheResponderSendsNothingBeforeTheInitiatorHasUsedTheKeys) {
    TunnelLab lab;
    lab.left.send("10.0.0.2");
    lab.right.receive(lab.left.link->sent.front().bytes, lab.left.endpoint);
    lab.right.link->sent.clear();
    lab.right.send("10.0.0.1");
    for (const MemoryLink::Sent& sent : lab.right.link->sent) {
        EXPECT_NE(type_of(sent.bytes), static_cast<std::uint32_t>(TG_WG_DATA));
    }
}

TEST(DeviceSecurity, SendsNothingToAPeerWithAKeyOfLowOrder) {
    TunnelHost host{"192.0.2.1", "10.0.0.1"};
    agent::DeviceChange change;
    agent::PeerChange& peer = change.peers.emplace_back();
    peer.public_key.bytes[0] = std::byte{1};
    peer.allowed_ips.push_back({Prefix{ip("10.0.0.2"), 128}, false});
    peer.endpoint = elsewhere();
    host.apply(std::move(change));
    host.send("10.0.0.2");
    host.work();
    EXPECT_THAT(host.link->sent, IsEmpty());
}

// Case W09
TEST(DeviceSecurity, UnderLoadAsksForACookieAndTheRightSenderGetsThrough) {
    TunnelLab lab;
    lab.left.send("10.0.0.2");
    const Datagram initiation = lab.left.link->sent.front().bytes;
    for (int i = 0; i < 200; ++i) {
        lab.right.link->deliver(initiation, elsewhere());
    }
    for (int i = 0; i < 20; ++i) {
        lab.right.device->worker().link_is_readable(0, lab.right.now());
    }
    lab.settle();
    EXPECT_EQ(lab.left.device->handshakes().finished, 0U);
    EXPECT_GE(lab.right.device->handshakes().cookies_sent, 1U);
    lab.pass(5400ms);
    EXPECT_EQ(lab.left.device->handshakes().finished, 1U);
    EXPECT_EQ(lab.left.peer().endpoint.to_string(), "192.0.2.2:51820");
}

// The gate lets so few through that the queue is never full again.
// Case W25
TEST(DeviceSecurity, TheLoadLastsAsLongAsAFlood) {
    TunnelLab lab;
    lab.left.send("10.0.0.2");
    const Datagram initiation = lab.left.link->sent.front().bytes;
    const auto flood = [&](int messages) {
        for (int i = 0; i < messages; ++i) {
            lab.right.link->deliver(initiation, elsewhere());
            lab.right.device->worker().link_is_readable(0, lab.right.now());
        }
        lab.right.work();
        lab.right.link->sent.clear();
    };
    flood(200);
    const std::uint64_t before = lab.right.device->handshakes().cookies_sent;
    for (int i = 0; i < 60; ++i) {
        *lab.clock += 50ms;
        flood(10);
    }
    EXPECT_EQ(lab.right.device->handshakes().cookies_sent, before + 600);
    *lab.clock += 2s;
    flood(10);
    EXPECT_EQ(lab.right.device->handshakes().cookies_sent, before + 600);
}

// No 5 s and a cookie later: the flood does not come from where the peer is.
// Case W25
TEST(DeviceSecurity, UnderLoadAPeerGetsThroughAtOnceFromWhereItIs) {
    EstablishedLab lab;
    lab.pass(121s);
    lab.left.send("10.0.0.2");
    const Datagram initiation = lab.left.link->sent.back().bytes;
    ASSERT_EQ(type_of(initiation), std::uint32_t{TG_WG_INITIATION});
    const std::uint64_t before = lab.left.device->handshakes().finished;
    for (int i = 0; i < 200; ++i) {
        lab.right.link->deliver(initiation, elsewhere());
    }
    for (int i = 0; i < 20; ++i) {
        lab.right.device->worker().link_is_readable(0, lab.right.now());
    }
    lab.settle();
    EXPECT_EQ(lab.left.device->handshakes().finished, before + 1);
}

// Case W28
TEST(DeviceSecurity, DropsDataOfAPeerThatWasRemoved) {
    EstablishedLab lab;
    const Datagram data = lab.next_data();
    agent::DeviceChange change;
    agent::PeerChange& peer = change.peers.emplace_back();
    peer.public_key = lab.left.public_key;
    peer.remove = true;
    lab.right.apply(std::move(change));
    lab.right.receive(data, lab.left.endpoint);
    EXPECT_THAT(lab.right.port->received, IsEmpty());
    EXPECT_EQ(lab.right.device->ingress().unknown_index, 1U);
}

}  // namespace
}  // namespace tollgate::test

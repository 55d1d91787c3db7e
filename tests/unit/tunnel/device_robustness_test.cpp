// SPDX-License-Identifier: MIT
// Mistakes that other implementations have made with handshakes and data, each as the test that
// would have found it.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

#include <endian.h>

#include <gmock/gmock.h>

#include <tollgate/abi/wireguard.h>

#include "agent/tunnel/device.hpp"
#include "tests/support/frame.hpp"
#include "tests/support/tunnel_lab.hpp"

namespace tollgate::test {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

Datagram take_sent(TunnelHost& host) {
    Datagram datagram = host.link->sent.front().bytes;
    host.link->sent.pop_front();
    return datagram;
}

// Case W10
TEST(DeviceRobustness, ACookieReplyFromElsewhereDoesNotMoveThePeer) {
    TunnelLab lab;
    lab.left.send("10.0.0.2");
    const Datagram initiation = take_sent(lab.left);
    for (int i = 0; i < 200; ++i) {
        lab.right.link->deliver(initiation, lab.left.endpoint);
    }
    for (int i = 0; i < 20; ++i) {
        lab.right.device->worker().link_is_readable(0, lab.right.now());
    }
    lab.right.work();
    const auto reply = std::find_if(
        lab.right.link->sent.begin(), lab.right.link->sent.end(), [](const auto& sent) {
            return type_of(sent.bytes) == TG_WG_COOKIE_REPLY;
        });
    ASSERT_NE(reply, lab.right.link->sent.end());
    lab.left.receive(reply->bytes, elsewhere());
    EXPECT_EQ(lab.left.peer().endpoint.to_string(), "192.0.2.2:51820");
}

TEST(DeviceRobustness, AnAnswerThatTakesFourSecondsFinishesTheHandshake) {
    TunnelLab lab;
    lab.left.send("10.0.0.2");
    const Datagram initiation = take_sent(lab.left);
    lab.pass(2s);
    lab.right.receive(initiation, lab.left.endpoint);
    const Datagram response = take_sent(lab.right);
    lab.pass(2s);
    lab.left.receive(response, lab.right.endpoint);
    lab.settle();
    EXPECT_THAT(lab.right.port->received, SizeIs(1));
}

TEST(DeviceRobustness, AResponseWithABadMac1IsNotAnswered) {
    TunnelLab lab;
    lab.left.send("10.0.0.2");
    lab.right.receive(take_sent(lab.left), lab.left.endpoint);
    Datagram response = take_sent(lab.right);
    response[offsetof(tg_wg_response, mac1)] ^= std::byte{1};
    lab.left.receive(response, lab.right.endpoint);
    EXPECT_EQ(lab.left.device->handshakes().bad_mac1, 1U);
    EXPECT_EQ(lab.left.device->handshakes().finished, 0U);
    EXPECT_THAT(lab.left.link->sent, IsEmpty());
}

TEST(DeviceRobustness, CountersGoOnBeyond32Bits) {
    TunnelLab lab;
    lab.left.send("10.0.0.2");
    lab.settle();
    agent::Peer* peer = lab.left.device->peers().find(lab.right.public_key);
    peer->keypairs.current()->next_counter = UINT32_MAX;
    for (int i = 0; i < 3; ++i) {
        lab.left.send("10.0.0.2");
    }
    lab.settle();
    EXPECT_THAT(lab.right.port->received, SizeIs(1 + 3));
    EXPECT_EQ(peer->keypairs.current()->next_counter, std::uint64_t{UINT32_MAX} + 3);
}

// Case W01
TEST(DeviceRobustness, TheLargestDatagramOfAStrangerEndsNothing) {
    TunnelLab lab;
    lab.left.send("10.0.0.2");
    lab.settle();
    for (const std::uint32_t type : {0U, 1U, 2U, 3U, 4U, 0xffffffffU}) {
        Datagram junk(65'507, std::byte{0xa5});
        const std::uint32_t wire = htole32(type);
        std::memcpy(junk.data(), &wire, sizeof wire);
        lab.right.receive(junk, elsewhere());
    }
    lab.left.send("10.0.0.2");
    lab.settle();
    EXPECT_THAT(lab.right.port->received, SizeIs(2));
}

TEST(DeviceRobustness, AnInnerIpv6SourceIsLookedAtToo) {
    TunnelLab lab;
    agent::DeviceChange change;
    agent::PeerChange& right = change.peers.emplace_back();
    right.public_key = lab.right.public_key;
    right.allowed_ips.push_back({Prefix{ip("fd00::2"), 128}, false});
    lab.left.apply(std::move(change));
    lab.left.port->to_send.push_back(
        ip_packet({ip("fd00::1"), ip("fd00::2"), IPPROTO_UDP}, udp({4000, 7000}, Datagram(100))));
    lab.left.device->worker().port_is_readable(lab.left.now());
    lab.settle();
    EXPECT_THAT(lab.right.port->received, IsEmpty());
    EXPECT_EQ(lab.right.device->ingress().wrong_source, 1U);
}

TEST(DeviceRobustness, TheKeepaliveIsDueTenSecondsAfterTheDataNotAfterWhatWasSentLast) {
    TunnelLab lab;
    lab.left.send("10.0.0.2");
    lab.settle();
    lab.right.send("10.0.0.1");
    lab.settle();
    lab.pass(8s);
    lab.left.send("10.0.0.2");  // the last word of `right` is 8 s old
    lab.settle();
    lab.take_count(TG_WG_DATA);
    lab.pass(9900ms);
    EXPECT_EQ(lab.take_count(TG_WG_DATA), 0U);
    lab.pass(200ms);
    EXPECT_EQ(lab.take_count(TG_WG_DATA), 1U);
}

// Case W24
TEST(DeviceRobustness, IndicesAreNotToBeGuessed) {
    TunnelLab lab;
    std::vector<std::uint32_t> indices;
    for (int i = 0; i < 64; ++i) {
        lab.left.send("10.0.0.2");
        ASSERT_THAT(lab.left.link->sent, Not(IsEmpty()));
        std::uint32_t index = 0;
        const Datagram initiation = take_sent(lab.left);
        std::memcpy(&index, &initiation[offsetof(tg_wg_initiation, sender_index)], sizeof index);
        indices.push_back(index);
        *lab.clock += 6s;
    }
    std::uint32_t ones = 0;
    std::uint32_t zeros = 0;
    for (const std::uint32_t index : indices) {
        ones |= index;
        zeros |= ~index;
    }
    EXPECT_EQ(ones & zeros, UINT32_MAX) << "a bit that never changes";
    std::sort(indices.begin(), indices.end());
    EXPECT_EQ(std::adjacent_find(indices.begin(),
                                 indices.end(),
                                 [](std::uint32_t a, std::uint32_t b) { return b - a < 2; }),
              indices.end());
}

// Case W15
TEST(DeviceRobustness, RetriesAreNotInStep) {
    std::vector<std::chrono::milliseconds> jitters;
    for (int i = 0; i < 100; ++i) {
        jitters.push_back(agent::handshake_jitter());
        EXPECT_LE(jitters.back(), 333ms);
    }
    std::sort(jitters.begin(), jitters.end());
    EXPECT_GT(jitters.back() - jitters.front(), 100ms);
}

TEST(DeviceRobustness, OneTurnDealsWithAFewHandshakesOnly) {
    TunnelLab lab;
    lab.left.send("10.0.0.2");
    const Datagram initiation = take_sent(lab.left);
    for (int i = 0; i < 100; ++i) {
        lab.right.link->deliver(initiation, lab.left.endpoint);
    }
    for (int i = 0; i < 10; ++i) {
        lab.right.device->worker().link_is_readable(0, lab.right.now());
    }
    static_cast<void>(lab.right.device->worker().work(lab.right.now()));
    const auto& counters = lab.right.device->handshakes();
    EXPECT_EQ(counters.responses_sent, 1U);
    EXPECT_LE(counters.responses_sent + counters.replayed + counters.too_frequent, 8U);
}

TEST(DeviceRobustness, OurOwnDatagramsAreNotSealedAgainForThePeerTheyGoTo) {
    TunnelLab lab;
    lab.left.send("10.0.0.2");
    lab.settle();
    agent::DeviceChange change;
    agent::PeerChange& right = change.peers.emplace_back();
    right.public_key = lab.right.public_key;
    right.allowed_ips.push_back({Prefix{ip("192.0.2.2"), 128}, false});
    lab.left.apply(std::move(change));
    const std::uint16_t port = lab.left.link->port();
    for (const std::uint16_t to : {port, std::uint16_t{9}}) {
        lab.left.port->to_send.push_back(ip_packet({ip("192.0.2.1"), ip("192.0.2.2"), IPPROTO_UDP},
                                                   udp({port, to}, Datagram(100))));
    }
    lab.left.device->worker().port_is_readable(lab.left.now());
    EXPECT_EQ(lab.left.device->egress().looping, 1U);
    EXPECT_THAT(lab.left.link->sent, SizeIs(1));
}

}  // namespace
}  // namespace tollgate::test

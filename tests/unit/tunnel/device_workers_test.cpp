// SPDX-License-Identifier: MIT
// A device with several workers: each peer is one worker's, and to the outside it is one device.
#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/frame.hpp"
#include "tests/support/gateway_lab.hpp"

namespace tollgate::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t kWorkers = 3;
constexpr std::size_t kPeers = 6;

Prefix prefix(const std::string& text) {
    return *Prefix::parse(text);
}

/// A gateway whose peers have all said something to it.
struct TalkingLab : GatewayLab {
    TalkingLab() : GatewayLab{kWorkers, kPeers} {
        for (const auto& host : hosts) {
            host->send("10.0.0.254");
        }
        settle();
    }
    /// @return the errno value of giving a prefix to a peer
    int give(std::size_t peer, const std::string& to_give, bool remove = false) {
        agent::DeviceChange change;
        change.peers.push_back(change_of(peer));
        change.peers.back().allowed_ips.push_back({prefix(to_give), remove});
        return apply(change);
    }
    /// How many of the host's packets with this source reach the gateway.
    std::size_t delivers(std::size_t host, const std::string& source) {
        take_received();
        send_from(host, source);
        settle();
        return take_received();
    }
};

TEST(DeviceWorkers, PeersAreOfTheWorkersInTurn) {
    GatewayLab lab{kWorkers, kPeers};
    std::vector<std::size_t> workers;
    for (const auto& host : lab.hosts) {
        workers.push_back(lab.device->peers().find(host->public_key)->worker);
    }
    EXPECT_THAT(workers, ElementsAre(0, 1, 2, 0, 1, 2));
}

TEST(DeviceWorkers, EachHandshakeIsAnsweredByTheOwnerOfThePeer) {
    GatewayLab lab{kWorkers, kPeers};
    for (std::size_t i = 0; i < kPeers; ++i) {
        lab.hosts[i]->send("10.0.0.254");
        lab.arrives_at(0, lab.hosts[i]->link->sent.front().bytes, lab.hosts[i]->endpoint);
        for (std::size_t worker = 0; worker < kWorkers; ++worker) {
            static_cast<void>(lab.device->worker(worker).work(lab.now()));
        }
        MemoryLink& owner = *lab.links[i % kWorkers];
        ASSERT_EQ(owner.sent.size(), 1U);
        EXPECT_EQ(type_of(owner.sent[0].bytes), static_cast<std::uint32_t>(TG_WG_RESPONSE));
        EXPECT_TRUE(owner.sent[0].to.same_place(lab.hosts[i]->endpoint));
        owner.sent.clear();
    }
    EXPECT_EQ(lab.device->handshakes().responses_sent, kPeers);
}

TEST(DeviceWorkers, IndicesSayWhoseTheyAre) {
    GatewayLab lab{kWorkers, kPeers};
    for (std::size_t i = 0; i < kPeers; ++i) {
        lab.knows_place_of(i);
        lab.send(lab.hosts[i]->inner);
        const Datagram& initiation = lab.links[i % kWorkers]->sent.at(0).bytes;
        EXPECT_EQ(std::to_integer<std::size_t>(initiation.at(4)) % kWorkers, i % kWorkers);
        lab.links[i % kWorkers]->sent.clear();
    }
}

TEST(DeviceWorkers, DataGoesBothWaysForAllPeersInEitherRole) {
    TalkingLab lab;
    EXPECT_EQ(lab.take_received(), kPeers);
    for (const auto& host : lab.hosts) {
        host->port->received.clear();
        lab.send(host->inner);
    }
    lab.settle();
    for (const auto& host : lab.hosts) {
        EXPECT_EQ(host->port->received.size(), 1U) << host->inner;
    }
    EXPECT_EQ(lab.device->handshakes().finished, kPeers);
}

TEST(DeviceWorkers, DataThatReachesAnotherWorkerIsDroppedAndCounted) {
    TalkingLab lab;
    lab.take_received();
    lab.send_from(1, "10.0.0.2");
    const Datagram message = lab.hosts[1]->link->sent.front().bytes;
    lab.arrives_at(0, message, lab.hosts[1]->endpoint);
    lab.arrives_at(2, message, lab.hosts[1]->endpoint);
    EXPECT_EQ(lab.take_received(), 0U);
    EXPECT_EQ(lab.device->ingress().unknown_index, 2U);
    lab.arrives_at(1, message, lab.hosts[1]->endpoint);
    EXPECT_EQ(lab.take_received(), 1U);
}

TEST(DeviceWorkers, AnInitiationThatReachesAnotherWorkerThanTheFirstIsDroppedAndCounted) {
    GatewayLab lab{kWorkers, kPeers};
    lab.hosts[1]->send("10.0.0.254");
    const Datagram initiation = lab.hosts[1]->link->sent.front().bytes;
    lab.arrives_at(1, initiation, lab.hosts[1]->endpoint);
    EXPECT_EQ(lab.device->handshakes().misdirected, 1U);
    EXPECT_FALSE(lab.device->worker(1).handshakes().has_waiting());
}

TEST(DeviceWorkers, AResponseThatReachesAnotherWorkerIsDroppedAndCounted) {
    GatewayLab lab{kWorkers, kPeers};
    lab.knows_place_of(1);
    lab.send("10.0.0.2");
    lab.hosts[1]->receive(lab.links[1]->sent.front().bytes, lab.endpoint);
    lab.links[1]->sent.clear();
    lab.arrives_at(2, lab.hosts[1]->link->sent.front().bytes, lab.hosts[1]->endpoint);
    static_cast<void>(lab.device->worker(2).work(lab.now()));
    EXPECT_EQ(lab.device->handshakes().unknown_index, 1U);
    EXPECT_EQ(lab.device->handshakes().finished, 0U);
}

TEST(DeviceWorkers, ThePrefixOfAnotherWorkersPeerIsNoGoodSource) {
    TalkingLab lab;
    EXPECT_EQ(lab.delivers(0, "10.0.0.1"), 1U);
    EXPECT_EQ(lab.delivers(0, "10.0.0.2"), 0U);
    EXPECT_EQ(lab.give(0, "10.0.0.0/24"), 0);
    EXPECT_EQ(lab.delivers(0, "10.0.0.99"), 1U);
    EXPECT_EQ(lab.delivers(0, "10.0.0.2"), 0U) << "a longer prefix is another peer's";
    EXPECT_EQ(lab.device->ingress().wrong_source, 2U);
}

TEST(DeviceWorkers, APrefixMovesFromOnePeerToAnotherInBothDirections) {
    TalkingLab lab;
    EXPECT_EQ(lab.give(1, "10.7.0.0/16"), 0);
    EXPECT_EQ(lab.delivers(1, "10.7.0.1"), 1U);
    EXPECT_EQ(lab.steering->queue_of(ip("10.7.0.1")), 1U);

    EXPECT_EQ(lab.give(2, "10.7.0.0/16"), 0);
    EXPECT_EQ(lab.delivers(1, "10.7.0.1"), 0U);
    EXPECT_EQ(lab.delivers(2, "10.7.0.1"), 1U);
    EXPECT_EQ(lab.steering->queue_of(ip("10.7.0.1")), 2U);
    lab.hosts[1]->port->received.clear();
    lab.hosts[2]->port->received.clear();
    lab.send("10.7.0.1");
    lab.settle();
    EXPECT_EQ(lab.hosts[1]->port->received.size(), 0U);
    EXPECT_EQ(lab.hosts[2]->port->received.size(), 1U);
}

TEST(DeviceWorkers, SteeringForgetsThePrefixesThatNobodyHas) {
    TalkingLab lab;
    EXPECT_EQ(lab.give(1, "10.7.0.0/16"), 0);
    EXPECT_EQ(lab.give(2, "10.7.0.0/16", true), 0);
    EXPECT_TRUE(lab.steering->queues.contains(prefix("10.7.0.0/16"))) << "it was not peer 2's";
    EXPECT_EQ(lab.give(1, "10.7.0.0/16", true), 0);
    EXPECT_FALSE(lab.steering->queues.contains(prefix("10.7.0.0/16")));
    agent::DeviceChange change;
    change.replace_peers = true;
    EXPECT_EQ(lab.apply(change), 0);
    EXPECT_THAT(lab.steering->queues, IsEmpty());
}

TEST(DeviceWorkers, WithoutRoomForSteeringAPrefixIsRefusedAndNothingChanges) {
    TalkingLab lab;
    EXPECT_EQ(lab.give(1, "10.7.0.0/16"), 0);
    lab.steering->is_full = true;
    EXPECT_EQ(lab.give(2, "10.8.0.0/16"), ENOSPC);
    EXPECT_EQ(lab.device->state().peers.at(2).allowed_ips.size(), 1U);
    EXPECT_EQ(lab.give(2, "10.7.0.0/16"), 0) << "to move one needs no room";
}

TEST(DeviceWorkers, APacketByAnotherWorkersQueueIsDroppedAndCounted) {
    TalkingLab lab;
    lab.send_by(2, "10.0.0.2");
    EXPECT_THAT(lab.links[2]->sent, IsEmpty());
    EXPECT_EQ(lab.device->egress().wrong_worker, 1U);
}

TEST(DeviceWorkers, TheStateHasAllPeersInTheirOrder) {
    TalkingLab lab;
    agent::DeviceChange change;
    change.peers.push_back(lab.change_of(1));
    change.peers.back().remove = true;
    ASSERT_EQ(lab.apply(change), 0);
    change.peers.back().remove = false;
    change.peers.push_back(lab.change_of(2));
    change.peers.back().public_key = crypto::public_key_of(crypto::generate_private_key());
    ASSERT_EQ(lab.apply(change), 0);
    const auto peers = lab.device->state().peers;
    ASSERT_EQ(peers.size(), kPeers + 1);
    for (std::size_t i = 0; i < kPeers; ++i) {
        EXPECT_EQ(peers[i].public_key, lab.hosts[i]->public_key) << i;
    }
    EXPECT_EQ(lab.device->status().threads, kWorkers);
}

TEST(DeviceWorkers, OthersKeepTheirKeysWhenAPeerGoes) {
    TalkingLab lab;
    agent::DeviceChange change;
    change.peers.push_back(lab.change_of(1));
    change.peers.back().remove = true;
    ASSERT_EQ(lab.apply(change), 0);
    EXPECT_EQ(lab.delivers(1, "10.0.0.2"), 0U);
    for (const std::size_t other : {0U, 2U, 3U, 4U, 5U}) {
        EXPECT_EQ(lab.delivers(other, lab.hosts[other]->inner), 1U);
    }
    EXPECT_EQ(lab.device->handshakes().finished, kPeers);
}

// Case W28
TEST(DeviceWorkers, ANewKeyEndsTheKeypairsOfAllWorkers) {
    TalkingLab lab;
    agent::DeviceChange change;
    change.private_key = crypto::generate_private_key();
    ASSERT_EQ(lab.apply(change), 0);
    for (std::size_t i = 0; i < kPeers; ++i) {
        EXPECT_EQ(lab.delivers(i, lab.hosts[i]->inner), 0U);
    }
}

TEST(DeviceWorkers, AnInitiationUnderWayToItsOwnerDiesWithTheKeyItWasFor) {
    GatewayLab lab{kWorkers, kPeers};
    lab.hosts[1]->send("10.0.0.254");
    lab.arrives_at(0, lab.hosts[1]->link->sent.front().bytes, lab.hosts[1]->endpoint);
    static_cast<void>(lab.device->worker(0).work(lab.now()));
    EXPECT_TRUE(lab.device->worker(1).handshakes().has_waiting());
    agent::DeviceChange change;
    change.private_key = crypto::generate_private_key();
    ASSERT_EQ(lab.apply(change), 0);
    EXPECT_FALSE(lab.device->worker(1).handshakes().has_waiting());
}

TEST(DeviceWorkers, AnInitiationOfAPeerThatIsGoneMeanwhileIsNotAnswered) {
    GatewayLab lab{kWorkers, kPeers};
    lab.hosts[1]->send("10.0.0.254");
    lab.arrives_at(0, lab.hosts[1]->link->sent.front().bytes, lab.hosts[1]->endpoint);
    static_cast<void>(lab.device->worker(0).work(lab.now()));
    agent::DeviceChange change;
    change.peers.push_back(lab.change_of(1));
    change.peers.back().remove = true;
    ASSERT_EQ(lab.apply(change), 0);
    static_cast<void>(lab.device->worker(1).work(lab.now()));
    EXPECT_EQ(lab.device->handshakes().responses_sent, 0U);
    EXPECT_EQ(lab.device->handshakes().unknown_peer, 1U);
}

// Case W04
TEST(DeviceWorkers, AReplayedInitiationIsRefusedByTheOwner) {
    GatewayLab lab{kWorkers, kPeers};
    lab.hosts[1]->send("10.0.0.254");
    const Datagram initiation = lab.hosts[1]->link->sent.front().bytes;
    lab.settle();
    lab.arrives_at(0, initiation, elsewhere());
    lab.settle();
    EXPECT_EQ(lab.device->handshakes().replayed, 1U);
    EXPECT_TRUE(lab.device->state().peers.at(1).endpoint.same_place(lab.hosts[1]->endpoint));
}

TEST(DeviceWorkers, AnOwnerThatDoesNotKeepUpIsLoadAndTheFirstWorkerLosesNothingElse) {
    GatewayLab lab{kWorkers, kPeers};
    lab.knows_place_of(0);
    lab.hosts[1]->send("10.0.0.254");
    const Datagram initiation = lab.hosts[1]->link->sent.front().bytes;
    for (std::size_t i = 0; i < agent::InitiationInbox::kMax + 10; ++i) {
        EXPECT_FALSE(lab.device->worker(0).handshakes().is_under_load(lab.now().boot) &&
                     i <= agent::InitiationInbox::kMax);
        lab.arrives_at(0, initiation, lab.hosts[1]->endpoint);
        static_cast<void>(lab.device->worker(0).work(lab.now()));
    }
    EXPECT_TRUE(lab.device->worker(0).handshakes().is_under_load(lab.now().boot));
    EXPECT_EQ(lab.device->handshakes().queue_full, 1U);
    EXPECT_EQ(lab.device->handshakes().cookies_sent, 9U);
    lab.hosts[1]->link->sent.clear();
    EXPECT_EQ(lab.device->handshakes().responses_sent, 0U);
    lab.hosts[0]->send("10.0.0.254");
    lab.settle();
    EXPECT_GE(lab.take_received(), 1U);
}

TEST(DeviceWorkers, InitiationsOfOthersDoNotKeepUpTheHandshakesOfTheOwner) {
    GatewayLab lab{kWorkers, kPeers};
    lab.knows_place_of(1);
    lab.send("10.0.0.2");
    lab.hosts[1]->receive(lab.links[1]->sent.front().bytes, lab.endpoint);
    lab.arrives_at(1, lab.hosts[1]->link->sent.front().bytes, lab.hosts[1]->endpoint);
    lab.hosts[4]->send("10.0.0.254");
    for (int i = 0; i < 100; ++i) {
        lab.arrives_at(0, lab.hosts[4]->link->sent.front().bytes, lab.hosts[4]->endpoint);
        static_cast<void>(lab.device->worker(0).work(lab.now()));
    }
    static_cast<void>(lab.device->worker(1).work(lab.now()));
    EXPECT_EQ(lab.device->handshakes().finished_as_initiator, 1U);
    EXPECT_EQ(lab.device->handshakes().responses_sent, 1U) << "nor the other way round";
}

// The first worker's are what initiations are checked for.
TEST(DeviceWorkers, OnlyTheFirstWorkerGivesCookies) {
    for (const auto& [peer, cookies] : {std::pair{0U, true}, std::pair{1U, false}}) {
        GatewayLab lab{kWorkers, kPeers};
        lab.knows_place_of(peer);
        lab.send(lab.hosts[peer]->inner);
        lab.hosts[peer]->receive(lab.links[peer]->sent.front().bytes, lab.endpoint);
        const Datagram response = lab.hosts[peer]->link->sent.front().bytes;
        for (int i = 0; i < 300; ++i) {
            lab.arrives_at(peer, response, elsewhere());
        }
        for (int i = 0; i < 10; ++i) {
            static_cast<void>(lab.device->worker(peer).work(lab.now()));
        }
        const agent::HandshakeCounters& counted = lab.device->handshakes();
        EXPECT_EQ(counted.cookies_sent > 0, cookies) << peer;
        EXPECT_EQ(counted.responses.rate_limited > 0, !cookies) << peer;
    }
}

TEST(DeviceWorkers, ALoopOverPeersOfTwoWorkersIsFound) {
    TalkingLab lab;
    agent::DeviceChange change;
    change.peers.push_back(lab.change_of(0));
    change.peers.back().allowed_ips.push_back({prefix("203.0.113.9/32"), false});
    change.peers.back().endpoint = elsewhere();
    change.peers.back().endpoint->address = ip("203.0.113.8");
    change.peers.push_back(lab.change_of(1));
    change.peers.back().allowed_ips.push_back({prefix("203.0.113.8/32"), false});
    change.peers.back().endpoint = elsewhere();
    ASSERT_EQ(lab.apply(change), 0);
    Datagram own = ip_packet({ip("10.0.0.254"), ip("203.0.113.9"), IPPROTO_UDP},
                             udp({51820, elsewhere().port}, Datagram(100)));
    lab.ports[0]->to_send.push_back(own);
    lab.device->worker(0).port_is_readable(lab.now());
    EXPECT_EQ(lab.device->egress().looping, 1U);
}

TEST(DeviceWorkers, ADeviceThatIsDownCarriesNothingForAnybody) {
    TalkingLab lab;
    lab.device->set_up(false, lab.now());
    for (std::size_t i = 0; i < kPeers; ++i) {
        EXPECT_EQ(lab.delivers(i, lab.hosts[i]->inner), 0U);
    }
    lab.device->set_up(true, lab.now());
    *lab.hosts.front()->clock += 20s;
    for (const auto& host : lab.hosts) {
        host->work();
    }
    lab.settle();
    for (std::size_t i = 0; i < kPeers; ++i) {
        EXPECT_EQ(lab.delivers(i, lab.hosts[i]->inner), 1U);
    }
}

TEST(DeviceWorkers, CountersAreTheSumsOfAll) {
    TalkingLab lab;
    const agent::TunnelCounters counters = lab.device->counters(lab.now());
    EXPECT_EQ(counters.threads, kWorkers);
    EXPECT_EQ(counters.handshakes.finished, kPeers);
    EXPECT_EQ(counters.peers_up, kPeers);
    for (const agent::PeerCounters& peer : counters.peers) {
        EXPECT_GE(peer.received.packets, 1U);
    }
}

}  // namespace
}  // namespace tollgate::test

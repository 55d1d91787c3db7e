// SPDX-License-Identifier: MIT
// What a device tells of itself, and that it can be switched off and on by hand.
#include <chrono>

#include <gmock/gmock.h>

#include <tollgate/abi/wireguard.h>

#include "agent/tunnel/device.hpp"
#include "agent/tunnel/tunnel_counters.hpp"
#include "crypto/random.hpp"
#include "tests/support/tunnel_lab.hpp"

namespace tollgate::test {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using ::testing::SizeIs;

void connect(TunnelLab& lab) {
    lab.left.send("10.0.0.2");
    lab.settle();
}

TEST(DeviceStatus, TellsOfAPeerAndItsHandshake) {
    TunnelLab lab;
    EXPECT_EQ(lab.left.device->status().peers.at(0).last_handshake, 0ns);
    connect(lab);
    const agent::TunnelStatus status = lab.left.device->status();
    EXPECT_EQ(status.state, agent::TunnelState::running);
    EXPECT_EQ(status.public_key, lab.left.public_key);
    EXPECT_EQ(status.backend, "memory");
    const agent::TunnelPeerStatus& peer = status.peers.at(0);
    EXPECT_EQ(peer.public_key, lab.right.public_key);
    EXPECT_EQ(peer.endpoint.to_string(), "192.0.2.2:51820");
    EXPECT_EQ(peer.last_handshake, lab.left.now().wall.time_since_epoch());
    EXPECT_GT(peer.sent_bytes, 0U);
    EXPECT_FALSE(peer.has_preshared_key);
}

TEST(DeviceCounters, CountAPeerAsUpUntilItsKeysAreOver) {
    TunnelLab lab;
    const auto up = [&] {
        return lab.left.device->counters(lab.left.now()).peers_up;
    };
    EXPECT_EQ(up(), 0U);
    connect(lab);
    EXPECT_EQ(up(), 1U);
    *lab.clock += crypto::kRejectAfterTime;
    EXPECT_EQ(up(), 0U);
}

TEST(DeviceCounters, TellHowLongAHandshakeTook) {
    TunnelLab lab;
    lab.left.send("10.0.0.2");
    lab.left.work();
    *lab.clock += 50ms;
    lab.settle();
    const auto& durations = lab.left.device->counters(lab.left.now()).handshakes.durations;
    EXPECT_EQ(durations.count, 1U);
    EXPECT_DOUBLE_EQ(durations.sum, 0.05);
    EXPECT_EQ(lab.right.device->counters(lab.right.now()).handshakes.durations.count, 0U);
}

TEST(DeviceCounters, SumUpThePeersThatAreTooMany) {
    TunnelLab lab;
    agent::DeviceChange change;
    for (std::size_t i = 0; i < agent::kPeerCountersMax + 5; ++i) {
        change.peers.emplace_back().public_key =
            crypto::public_key_of(crypto::generate_private_key());
    }
    lab.left.apply(std::move(change));
    const agent::TunnelCounters counters = lab.left.device->counters(lab.left.now());
    EXPECT_THAT(counters.peers, SizeIs(agent::kPeerCountersMax));
    EXPECT_EQ(counters.others, 6U);
}

TEST(DeviceDown, SendsAndTakesNothing) {
    TunnelLab lab;
    connect(lab);
    lab.left.device->set_up(false, lab.left.now());
    EXPECT_EQ(lab.left.device->status().state, agent::TunnelState::down);
    lab.right.port->received.clear();
    lab.left.link->sent.clear();
    connect(lab);
    lab.right.send("10.0.0.1");
    lab.settle();
    EXPECT_THAT(lab.right.port->received, IsEmpty());
    EXPECT_THAT(lab.left.link->sent, IsEmpty());
}

TEST(DeviceDown, IsOverAtOnceWhenItIsSetUpAgain) {
    TunnelLab lab;
    connect(lab);
    lab.left.device->set_up(false, lab.left.now());
    *lab.clock += 100ms;  // within the time that a second initiation would have to wait
    lab.left.device->set_up(true, lab.left.now());
    lab.right.port->received.clear();
    connect(lab);
    EXPECT_THAT(lab.right.port->received, SizeIs(1));
}

}  // namespace
}  // namespace tollgate::test

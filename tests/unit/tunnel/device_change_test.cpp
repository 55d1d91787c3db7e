// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <tollgate/abi/wireguard.h>

#include "agent/tunnel/device.hpp"
#include "tests/support/tunnel_lab.hpp"

namespace tollgate::test {
namespace {

using ::testing::SizeIs;

agent::DeviceChange private_key_change(const crypto::PrivateKey& key) {
    agent::DeviceChange change;
    change.private_key = key.clone();
    return change;
}

TEST(DeviceChange, ThePrivateKeyThatItHasDoesNotEndKeypairs) {
    TunnelLab lab;
    lab.left.send("10.0.0.2");
    lab.settle();
    lab.left.apply(private_key_change(*lab.left.device->state().private_key));
    lab.left.send("10.0.0.2");
    lab.settle();
    EXPECT_THAT(lab.right.port->received, SizeIs(2));
    EXPECT_EQ(lab.take_count(TG_WG_INITIATION), 1U);
}

TEST(DeviceChange, ThePrivateKeyThatItHasIsThatAlsoBeforeItIsClamped) {
    TunnelLab lab;
    lab.left.send("10.0.0.2");
    lab.settle();
    crypto::PrivateKey key = lab.left.device->state().private_key->clone();
    key.bytes()[0] |= std::byte{7};
    lab.left.apply(private_key_change(key));
    lab.left.send("10.0.0.2");
    lab.settle();
    EXPECT_THAT(lab.right.port->received, SizeIs(2));
}

TEST(DeviceChange, UnderAnotherPrivateKeyTheHandshakeDoesNotWaitForTheLastOne) {
    TunnelLab lab;
    lab.left.send("10.0.0.2");
    lab.settle();
    lab.take_count(TG_WG_INITIATION);
    lab.left.apply(private_key_change(crypto::generate_private_key()));
    lab.left.send("10.0.0.2");
    lab.settle();
    EXPECT_EQ(lab.take_count(TG_WG_INITIATION), 1U);
}

TEST(DeviceChange, PeersThatReplaceAllOthersAreInTheirOwnOrder) {
    TunnelLab lab;
    std::vector<crypto::PublicKey> keys(5);
    for (crypto::PublicKey& key : keys) {
        key = crypto::public_key_of(crypto::generate_private_key());
    }
    for (int i = 0; i < 2; ++i) {
        agent::DeviceChange change;
        change.replace_peers = true;
        for (const crypto::PublicKey& key : keys) {
            change.peers.emplace_back().public_key = key;
        }
        lab.left.apply(std::move(change));
        std::vector<crypto::PublicKey> order;
        for (const agent::PeerState& peer : lab.left.device->state().peers) {
            order.push_back(peer.public_key);
        }
        EXPECT_EQ(order, keys);
    }
}

TEST(DeviceChange, ADeviceThatIsUpAgainShakesHandsAtOnce) {
    TunnelLab lab;
    lab.left.send("10.0.0.2");
    lab.settle();
    lab.left.device->set_up(false, lab.left.now());
    lab.left.device->set_up(true, lab.left.now());
    lab.pass(std::chrono::milliseconds{50});
    lab.left.send("10.0.0.2");
    lab.settle();
    EXPECT_THAT(lab.right.port->received, SizeIs(2));
}

}  // namespace
}  // namespace tollgate::test

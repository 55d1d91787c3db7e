// SPDX-License-Identifier: MIT
#include "agent/tunnel/tunnel_change.hpp"

#include <gmock/gmock.h>

namespace tollgate::agent {
namespace {

crypto::PublicKey key_of(int number) {
    crypto::PublicKey key;
    key.bytes[0] = static_cast<std::byte>(number);
    return key;
}

/// A device that is what its settings say: peer 1 at an address, peer 2 with a preshared key.
class TunnelChange : public testing::Test {
  protected:
    TunnelChange() {
        settings.listen_port = 51820;
        for (const int number : {1, 2}) {
            const auto network = *Prefix::parse("10." + std::to_string(number) + ".0.0/16");
            settings.peers.push_back(
                {"p" + std::to_string(number), key_of(number), {}, {}, {network}, 0, {}});
            PeerState& peer = running.peers.emplace_back();
            peer.public_key = key_of(number);
            peer.allowed_ips = {network};
            keys.preshared.emplace_back();
        }
        settings.peers[0].endpoint = HostPort{"192.0.2.1", 51820};
        running.peers[0].endpoint = *Endpoint::parse("198.51.100.1:9");  // it has moved since
        keys.private_key = crypto::generate_private_key();
        keys.preshared[1] = crypto::generate_preshared_key();
        running.peers[1].preshared_key = keys.preshared[1]->clone();
        running.private_key = keys.private_key.clone();
        running.listen_port = 51820;
        before = settings;
    }
    [[nodiscard]] DeviceChange change() const {
        return difference(running, &before, settings, keys);
    }

    DeviceState running;
    TunnelSettings before;
    TunnelSettings settings;
    TunnelKeys keys;
};

TEST_F(TunnelChange, NothingIsDoneWhereNothingDiffers) {
    EXPECT_TRUE(is_empty(change()));
}

TEST_F(TunnelChange, TheSecretOfTheSiteIsChangedIfItDiffers) {
    keys.stealth = {StealthMode::send, crypto::generate_preshared_key()};
    ASSERT_TRUE(change().stealth);
    EXPECT_EQ(*change().stealth, keys.stealth);
    running.stealth = keys.stealth.clone();
    EXPECT_TRUE(is_empty(change()));
    keys.stealth.mode = StealthMode::strict;
    EXPECT_EQ(change().stealth->mode, StealthMode::strict);
    keys.stealth = {};
    EXPECT_EQ(change().stealth->mode, StealthMode::off);
}

TEST_F(TunnelChange, ANewPeerTouchesNoOther) {
    settings.peers.push_back(
        {"p3", key_of(3), {}, HostPort{"192.0.2.3", 7}, {*Prefix::parse("10.3.0.0/16")}, 25, {}});
    keys.preshared.emplace_back(crypto::generate_preshared_key());
    const DeviceChange added = change();
    EXPECT_FALSE(added.private_key || added.listen_port || added.fwmark || added.replace_peers);
    ASSERT_EQ(added.peers.size(), 1U);
    EXPECT_EQ(added.peers[0].public_key, key_of(3));
    EXPECT_EQ(added.peers[0].endpoint->to_string(), "192.0.2.3:7");
    EXPECT_EQ(added.peers[0].persistent_keepalive, 25);
    EXPECT_EQ(*added.peers[0].preshared_key, *keys.preshared[2]);
    ASSERT_EQ(added.peers[0].allowed_ips.size(), 1U);
    EXPECT_EQ(added.peers[0].allowed_ips[0].prefix, *Prefix::parse("10.3.0.0/16"));
}

TEST_F(TunnelChange, ANewPeerWithNothingIsAddedAllTheSame) {
    settings.peers.push_back({"p3", key_of(3), {}, {}, {}, 0, {}});
    keys.preshared.emplace_back();
    ASSERT_EQ(change().peers.size(), 1U);
    EXPECT_FALSE(change().peers[0].remove);
}

TEST_F(TunnelChange, APeerThatTheFileDoesNotHaveIsRemovedFirst) {
    settings.peers[0].public_key = key_of(9);
    const DeviceChange changed = change();
    ASSERT_EQ(changed.peers.size(), 2U);
    EXPECT_EQ(changed.peers[0].public_key, key_of(1));
    EXPECT_TRUE(changed.peers[0].remove);
    EXPECT_EQ(changed.peers[1].public_key, key_of(9));
    EXPECT_FALSE(changed.peers[1].remove);
}

TEST_F(TunnelChange, APeerIsMovedOnlyIfTheFileNamesAnotherPlaceThanBefore) {
    settings.peers[0].persistent_keepalive = 5;
    ASSERT_EQ(change().peers.size(), 1U);
    EXPECT_FALSE(change().peers[0].endpoint);
    settings.peers[0].endpoint = HostPort{"192.0.2.2", 51820};
    EXPECT_EQ(change().peers[0].endpoint->to_string(), "192.0.2.2:51820");
    settings.peers[0].endpoint = HostPort{"gate.example.org", 51820};
    EXPECT_FALSE(change().peers[0].endpoint);  // looked up first
}

TEST_F(TunnelChange, APresharedKeyThatIsGivenUpIsCleared) {
    keys.preshared[1].reset();
    ASSERT_EQ(change().peers.size(), 1U);
    EXPECT_TRUE(change().peers[0].preshared_key->is_zero());
    keys.preshared[1] = crypto::generate_preshared_key();
    EXPECT_EQ(*change().peers[0].preshared_key, *keys.preshared[1]);
}

TEST_F(TunnelChange, OnlyAllowedIpsThatDifferAreTouched) {
    settings.peers[0].allowed_ips = {*Prefix::parse("10.1.0.0/16"), *Prefix::parse("10.7.0.0/16")};
    settings.peers[1].allowed_ips = {*Prefix::parse("10.8.0.0/16")};
    const DeviceChange changed = change();
    ASSERT_EQ(changed.peers.size(), 2U);
    ASSERT_EQ(changed.peers[0].allowed_ips.size(), 1U);
    EXPECT_EQ(changed.peers[0].allowed_ips[0].prefix, *Prefix::parse("10.7.0.0/16"));
    ASSERT_EQ(changed.peers[1].allowed_ips.size(), 2U);
    EXPECT_TRUE(changed.peers[1].allowed_ips[0].remove);
    EXPECT_EQ(changed.peers[1].allowed_ips[0].prefix, *Prefix::parse("10.2.0.0/16"));
    EXPECT_FALSE(changed.peers[1].allowed_ips[1].remove);
}

TEST_F(TunnelChange, TheDeviceGetsWhatDiffers) {
    settings.listen_port = 0;  // whatever it has
    EXPECT_TRUE(is_empty(change()));
    settings.listen_port = 7;
    settings.fwmark = 8;
    keys.private_key = crypto::generate_private_key();
    EXPECT_EQ(change().listen_port, 7);
    EXPECT_EQ(change().fwmark, 8U);
    EXPECT_EQ(*change().private_key, keys.private_key);
}

TEST_F(TunnelChange, RoutesLeadToAllowedIpsOutsideTheOwnNetworks) {
    settings.addresses = {{*IpAddress::parse("10.1.0.1"), *Prefix::parse("10.1.0.0/16")}};
    settings.peers[0].allowed_ips = {*Prefix::parse("10.1.2.0/24"), *Prefix::parse("10.0.0.0/8")};
    EXPECT_THAT(routes_of(settings),
                testing::ElementsAre(*Prefix::parse("10.0.0.0/8"), *Prefix::parse("10.2.0.0/16")));
}

}  // namespace
}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#include "agent/tunnel_process/codec.hpp"

#include <gmock/gmock.h>

#include "agent/tunnel/tun_error.hpp"
#include "agent/tunnel_process/tunnel_messages.hpp"

namespace tollgate::agent::tunnel_process {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

template <typename Value>
Value there_and_back(const Value& value) {
    Value read;
    EXPECT_TRUE(decode(encode(value), read));
    return read;
}

crypto::PublicKey key(unsigned char fill) {
    crypto::PublicKey key;
    key.bytes.fill(std::byte{fill});
    return key;
}

Prefix prefix(const char* text) {
    return *Prefix::parse(text);
}

crypto::Secret<32> secret(unsigned char fill) {
    crypto::Secret<32> made;
    std::ranges::fill(made.bytes(), std::byte{fill});
    return made;
}

DeviceChange full_change() {
    DeviceChange change;
    change.private_key = secret(1);
    change.listen_port = 51820;
    change.fwmark = 7;
    change.stealth = Stealth{StealthMode::strict, secret(2)};
    change.replace_peers = true;
    PeerChange& peer = change.peers.emplace_back();
    peer.public_key = key(3);
    peer.update_only = true;
    peer.preshared_key = secret(4);
    peer.endpoint = Endpoint::parse("192.0.2.1:51820");
    peer.persistent_keepalive = 25;
    peer.replace_allowed_ips = true;
    peer.allowed_ips = {{prefix("10.0.0.0/8"), false}, {prefix("2001:db8::/32"), true}};
    return change;
}

TEST(Codec, AChangeArrivesWhole) {
    const DeviceChange read = there_and_back(full_change());
    EXPECT_TRUE(*read.private_key == secret(1));
    EXPECT_EQ(read.listen_port, 51820);
    EXPECT_EQ(read.fwmark, 7U);
    EXPECT_TRUE(*read.stealth == (Stealth{StealthMode::strict, secret(2)}));
    EXPECT_TRUE(read.replace_peers);
    ASSERT_EQ(read.peers.size(), 1U);
    const PeerChange& peer = read.peers[0];
    EXPECT_EQ(peer.public_key, key(3));
    EXPECT_FALSE(peer.remove);
    EXPECT_TRUE(peer.update_only);
    EXPECT_TRUE(*peer.preshared_key == secret(4));
    EXPECT_EQ(peer.endpoint->to_string(), "192.0.2.1:51820");
    EXPECT_EQ(peer.persistent_keepalive, 25);
    EXPECT_TRUE(peer.replace_allowed_ips);
    ASSERT_EQ(peer.allowed_ips.size(), 2U);
    EXPECT_EQ(peer.allowed_ips[1].prefix, prefix("2001:db8::/32"));
    EXPECT_TRUE(peer.allowed_ips[1].remove);
}

TEST(Codec, WhatIsNotSetStaysSo) {
    const DeviceChange read = there_and_back(DeviceChange{});
    EXPECT_FALSE(read.private_key);
    EXPECT_FALSE(read.listen_port);
    EXPECT_FALSE(read.stealth);
    EXPECT_THAT(read.peers, IsEmpty());
}

TEST(Codec, CountersArriveWhole) {
    TunnelCounters counters;
    counters.name = "wg0";
    counters.threads = 3;
    counters.handshakes.not_authentic = 5;
    counters.handshakes.responses.not_authentic = 6;
    counters.handshakes.durations.add(0.02);
    counters.ingress.wrong_source = 7;
    counters.egress.wrong_worker = 8;
    counters.link.xsk_received = 9;
    counters.queues.emplace_back().drops.tx_invalid = 10;
    counters.peers.emplace_back().sent = {11, 12};
    counters.peers_up = 13;
    const TunnelCounters read = there_and_back(counters);
    EXPECT_EQ(read.name, "wg0");
    EXPECT_EQ(read.threads, 3U);
    EXPECT_EQ(read.handshakes.not_authentic, 5U);
    EXPECT_EQ(read.handshakes.responses.not_authentic, 6U);
    EXPECT_EQ(read.handshakes.durations.at_most, counters.handshakes.durations.at_most);
    EXPECT_DOUBLE_EQ(read.handshakes.durations.sum, 0.02);
    EXPECT_EQ(read.ingress.wrong_source, 7U);
    EXPECT_EQ(read.egress.wrong_worker, 8U);
    EXPECT_EQ(read.link.xsk_received, 9U);
    EXPECT_EQ(read.queues.at(0).drops.tx_invalid, 10U);
    EXPECT_EQ(read.peers.at(0).sent.bytes, 12U);
    EXPECT_EQ(read.peers_up, 13U);
}

TEST(Codec, NamesAndStatusArriveWhole) {
    const PeerNames names{{key(1), "camera"}, {key(2), ""}};
    EXPECT_EQ(there_and_back(names), names);
    TunnelStatus status;
    status.state = TunnelState::down;
    status.public_key = key(1);
    status.peers.emplace_back().allowed_ips = {prefix("10.0.0.0/8")};
    const TunnelStatus read = there_and_back(status);
    EXPECT_EQ(read.state, TunnelState::down);
    EXPECT_EQ(read.public_key, key(1));
    EXPECT_THAT(read.peers.at(0).allowed_ips, ElementsAre(prefix("10.0.0.0/8")));
}

TEST(Codec, AnythingShorterOrLongerIsRefused) {
    const SecretBytes whole = encode(full_change());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        DeviceChange read;
        EXPECT_FALSE(decode(std::span{whole}.first(size), read)) << size;
    }
    SecretBytes longer = whole;
    longer.push_back(std::byte{0});
    DeviceChange read;
    EXPECT_FALSE(decode(longer, read));
}

TEST(Codec, WhatIsNoValueIsRefused) {
    bool truth = false;
    EXPECT_FALSE(decode(encode(std::uint8_t{2}), truth));
    EXPECT_FALSE(truth);
    TunnelStatus status;
    Encoder beyond;
    beyond(std::string{"wg0"});
    beyond(std::uint32_t{3});  // TunnelState has three values
    Decoder decoder{beyond.bytes()};
    decoder(status.name);
    decoder.among(status.state, TunnelState::down);
    EXPECT_FALSE(decoder.is_done());
    EXPECT_EQ(status.state, TunnelState::failed);
}

// A count of 2^32 - 1 makes no memory for as many.
TEST(Codec, ACountBeyondTheMessageIsRefused) {
    std::vector<PeerState> peers;
    EXPECT_FALSE(decode(encode(std::uint32_t{0xffffffff}), peers));
    EXPECT_THAT(peers, IsEmpty());
    std::string text;
    EXPECT_FALSE(decode(encode(std::uint32_t{5}, std::uint32_t{0}), text));
}

TEST(Codec, ErrorsKeepTheirKind) {
    const auto told = [](const Result<void>& result) {
        return there_and_back(SentError::of(result)).result();
    };
    EXPECT_TRUE(told({}));
    EXPECT_EQ(told(failure(ENOSPC, "add")).error().message(), "add: No space left on device");
    EXPECT_EQ(told(failure("no reason")).error().message(), "no reason");
    const auto other = told(Failure{Error{TunError::other_kind, "open wg0"}});
    EXPECT_TRUE(other.error().code == TunError::other_kind);
}

}  // namespace
}  // namespace tollgate::agent::tunnel_process

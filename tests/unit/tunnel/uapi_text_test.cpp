// SPDX-License-Identifier: MIT
#include "agent/tunnel/uapi_text.hpp"

#include <cerrno>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tollgate::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kOne = "0100000000000000000000000000000000000000000000000000000000000000";
const std::string kTwo = "0200000000000000000000000000000000000000000000000000000000000000";
const std::string kPeer = "public_key=" + kOne + "\n";

std::vector<UapiOperation> read_all(std::string_view text, std::size_t piece = SIZE_MAX) {
    UapiReader reader;
    std::vector<UapiOperation> operations;
    for (std::string_view bytes; !text.empty();) {
        bytes = text.substr(0, piece);
        text.remove_prefix(bytes.size());
        while (!bytes.empty()) {
            if (auto operation = reader.read(bytes)) {
                operations.push_back(std::move(*operation));
            }
        }
    }
    return operations;
}

DeviceChange change_of(const std::string& lines) {
    auto operations = read_all("set=1\n" + lines + "\n");
    EXPECT_EQ(operations.size(), 1U);
    EXPECT_TRUE(std::holds_alternative<DeviceChange>(operations.front())) << lines;
    return std::get<DeviceChange>(std::move(operations.front()));
}

int error_of(const std::string& lines) {
    const auto operations = read_all("set=1\n" + lines + "\n");
    const auto* fault =
        operations.size() == 1 ? std::get_if<UapiFault>(&operations.front()) : nullptr;
    return fault == nullptr || fault->is_lost ? 0 : fault->error;
}

std::vector<std::string> shown(const std::vector<AllowedIpChange>& changes) {
    std::vector<std::string> texts;
    for (const AllowedIpChange& change : changes) {
        texts.push_back((change.remove ? "-" : "") + format_allowed_ip(change.prefix));
    }
    return texts;
}

TEST(UapiReader, ReadsAGet) {
    const auto operations = read_all("get=1\n\n");
    ASSERT_EQ(operations.size(), 1U);
    EXPECT_TRUE(std::holds_alternative<UapiGet>(operations.front()));
}

TEST(UapiReader, ReadsADevice) {
    const DeviceChange change =
        change_of("private_key=" + kTwo + "\nlisten_port=51820\nfwmark=4294967295\n" +
                  "replace_peers=true\n");
    EXPECT_EQ(change.private_key, crypto::decode_hex(kTwo));
    EXPECT_EQ(change.listen_port, 51820);
    EXPECT_EQ(change.fwmark, 0xffffffff);
    EXPECT_TRUE(change.replace_peers);
    EXPECT_TRUE(change.peers.empty());
}

TEST(UapiReader, WhatIsNotSaidIsNotSet) {
    const DeviceChange change = change_of(kPeer);
    EXPECT_FALSE(change.private_key || change.listen_port || change.fwmark);
    EXPECT_FALSE(change.replace_peers);
    ASSERT_EQ(change.peers.size(), 1U);
    const PeerChange& peer = change.peers.front();
    EXPECT_FALSE(peer.remove || peer.update_only || peer.replace_allowed_ips);
    EXPECT_FALSE(peer.preshared_key || peer.endpoint || peer.persistent_keepalive);
    EXPECT_TRUE(peer.allowed_ips.empty());
}

TEST(UapiReader, ReadsAPeer) {
    const DeviceChange change = change_of(
        kPeer + "update_only=true\npreshared_key=" + kTwo + "\nendpoint=192.0.2.1:51820\n" +
        "persistent_keepalive_interval=25\nreplace_allowed_ips=true\nallowed_ip=192.0.2.1/24\n" +
        "allowed_ip=-2001:db8::/32\nprotocol_version=1\n");
    ASSERT_EQ(change.peers.size(), 1U);
    const PeerChange& peer = change.peers.front();
    EXPECT_EQ(peer.public_key.bytes[0], std::byte{1});
    EXPECT_TRUE(peer.update_only);
    EXPECT_EQ(peer.preshared_key, crypto::decode_hex(kTwo));
    EXPECT_EQ(peer.endpoint->to_string(), "192.0.2.1:51820");
    EXPECT_EQ(peer.persistent_keepalive, 25);
    EXPECT_TRUE(peer.replace_allowed_ips);
    EXPECT_THAT(shown(peer.allowed_ips), ElementsAre("192.0.2.0/24", "-2001:db8::/32"));
}

TEST(UapiReader, LinesBelongToThePeerBefore) {
    const DeviceChange change =
        change_of(kPeer + "remove=true\npublic_key=" + kTwo + "\nallowed_ip=192.0.2.1/32\n");
    ASSERT_EQ(change.peers.size(), 2U);
    EXPECT_TRUE(change.peers[0].remove);
    EXPECT_TRUE(change.peers[0].allowed_ips.empty());
    EXPECT_FALSE(change.peers[1].remove);
    EXPECT_THAT(shown(change.peers[1].allowed_ips), ElementsAre("192.0.2.1/32"));
}

TEST(UapiReader, ReadsOperationsOneAfterTheOtherFromPiecesOfAnySize) {
    const std::string text = "get=1\n\nset=1\n" + kPeer + "remove=true\n\nget=1\n\n";
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, text.size()}) {
        const auto operations = read_all(text, piece);
        ASSERT_EQ(operations.size(), 3U);
        EXPECT_TRUE(std::holds_alternative<UapiGet>(operations[0]));
        ASSERT_TRUE(std::holds_alternative<DeviceChange>(operations[1]));
        EXPECT_EQ(std::get<DeviceChange>(operations[1]).peers.size(), 1U);
        EXPECT_TRUE(std::holds_alternative<UapiGet>(operations[2]));
    }
}

TEST(UapiReader, EveryTruncationOfASetIsNoOperation) {
    const std::string text = "set=1\n" + kPeer + "endpoint=192.0.2.1:51820\n\n";
    for (std::size_t size = 0; size < text.size(); ++size) {
        EXPECT_TRUE(read_all(text.substr(0, size)).empty()) << size;
    }
    EXPECT_EQ(read_all(text).size(), 1U);
}

TEST(UapiReader, RefusesBadValuesOfADevice) {
    for (const auto* line : {"private_key=",
                             "private_key=00",
                             "listen_port=",
                             "listen_port=65536",
                             "listen_port=-1",
                             "listen_port=+1",
                             "listen_port= 1",
                             "fwmark=4294967296",
                             "fwmark=0x1",
                             "replace_peers=false",
                             "replace_peers=1",
                             "unknown=1",
                             "listen_port",
                             "=",
                             "get=1",
                             "endpoint=192.0.2.1:51820",
                             "public_key=00"}) {
        EXPECT_EQ(error_of(std::string(line) + "\n"), EINVAL) << line;
    }
    EXPECT_EQ(error_of("private_key=" + kOne + "0\n"), EINVAL);
    EXPECT_EQ(error_of("private_key=g" + kOne.substr(1) + "\n"), EINVAL);
}

TEST(UapiReader, RefusesBadValuesOfAPeer) {
    for (const auto* line : {"remove=false",
                             "update_only=",
                             "preshared_key=0",
                             "endpoint=example.org:51820",
                             "endpoint=192.0.2.1:0",
                             "persistent_keepalive_interval=65536",
                             "persistent_keepalive_interval=off",
                             "replace_allowed_ips=yes",
                             "allowed_ip=",
                             "allowed_ip=-",
                             "allowed_ip=--192.0.2.1/32",
                             "allowed_ip=192.0.2.1/33",
                             "allowed_ip=(none)",
                             "listen_port=1",
                             "set=1",
                             "unknown=1"}) {
        EXPECT_EQ(error_of(kPeer + line + "\n"), EINVAL) << line;
    }
    EXPECT_EQ(error_of(kPeer + "protocol_version=2\n"), EPROTONOSUPPORT);
}

TEST(UapiReader, AfterABadLineTheRestIsReadOverAndTheNextOperationIsGood) {
    const auto operations =
        read_all("set=1\nlisten_port=x\nfwmark=y\n" + kPeer + "protocol_version=2\n\nget=1\n\n");
    ASSERT_EQ(operations.size(), 2U);
    ASSERT_TRUE(std::holds_alternative<UapiFault>(operations[0]));
    EXPECT_EQ(std::get<UapiFault>(operations[0]).error, EINVAL);
    EXPECT_FALSE(std::get<UapiFault>(operations[0]).is_lost);
    EXPECT_TRUE(std::holds_alternative<UapiGet>(operations[1]));
}

TEST(UapiReader, NothingOfAFailedSetIsLeftInTheNext) {
    const auto operations = read_all("set=1\n" + kPeer + "remove=no\n\nset=1\nfwmark=1\n\n");
    ASSERT_EQ(operations.size(), 2U);
    ASSERT_TRUE(std::holds_alternative<DeviceChange>(operations[1]));
    EXPECT_TRUE(std::get<DeviceChange>(operations[1]).peers.empty());
}

TEST(UapiReader, IsLostWithoutAnOperation) {
    for (const auto* text : {"set=2\n", "get\n", "private_key=\n", "GET / HTTP/1.1\r\n"}) {
        const auto operations = read_all(text);
        ASSERT_EQ(operations.size(), 1U) << text;
        ASSERT_TRUE(std::holds_alternative<UapiFault>(operations.front()));
        EXPECT_TRUE(std::get<UapiFault>(operations.front()).is_lost);
    }
}

TEST(UapiReader, RefusesAGetWithMore) {
    const auto operations = read_all("get=1\nfwmark=1\n\n");
    ASSERT_EQ(operations.size(), 1U);
    ASSERT_TRUE(std::holds_alternative<UapiFault>(operations.front()));
    EXPECT_EQ(std::get<UapiFault>(operations.front()).error, EINVAL);
}

TEST(UapiReader, RefusesALineThatIsTooLongAndFindsTheNext) {
    const std::string longest = "unknown=" + std::string(UapiReader::kLineMax - 8, 'x') + "\n";
    EXPECT_EQ(error_of(longest), EINVAL);
    EXPECT_EQ(read_all("set=1\n" + longest + longest + "\nget=1\n\n").size(), 2U);
}

TEST(UapiReader, ReadsASetOf130560AllowedIps) {
    std::string lines = kPeer;
    for (int i = 0; i < 65280; ++i) {
        const std::string low = std::to_string(i / 256) + "." + std::to_string(i % 256);
        lines += "allowed_ip=10.0." + low +
                 "/32\nallowed_ip=2001:db8::" + std::to_string(i % 10000) + "/128\n";
    }
    const DeviceChange change = change_of(lines);
    ASSERT_EQ(change.peers.size(), 1U);
    EXPECT_EQ(change.peers.front().allowed_ips.size(), 130560U);
}

TEST(UapiReader, RefusesMorePeersThanADeviceCanHave) {
    std::string lines;
    for (std::size_t i = 0; i < kUapiPeersMax; ++i) {
        lines += kPeer;
    }
    EXPECT_EQ(change_of(lines).peers.size(), kUapiPeersMax);
    EXPECT_EQ(error_of(lines + kPeer), E2BIG);
}

TEST(UapiState, AnEmptyDeviceHasNothingToSay) {
    EXPECT_EQ(format_uapi_state({}).view(), "errno=0\n\n");
}

TEST(UapiState, EverythingStandsInTheOrderOfTheProtocol) {
    DeviceState state;
    state.private_key = crypto::decode_hex(kTwo);
    state.listen_port = 51820;
    state.fwmark = 7;
    PeerState& peer = state.peers.emplace_back();
    peer.public_key.bytes[0] = std::byte{1};
    peer.preshared_key = crypto::decode_hex(kOne);
    peer.endpoint = *Endpoint::parse("[2001:db8::1]:51820");
    peer.last_handshake = std::chrono::nanoseconds{1700000000000000042};
    peer.received_bytes = 11;
    peer.sent_bytes = UINT64_MAX;
    peer.persistent_keepalive = 25;
    peer.allowed_ips = {*Prefix::parse("192.0.2.1"), *Prefix::parse("2001:db8::/32")};
    EXPECT_EQ(format_uapi_state(state).view(),
              "private_key=" + kTwo + "\nlisten_port=51820\nfwmark=7\n" + kPeer +
                  "preshared_key=" + kOne + "\nprotocol_version=1\n" +
                  "endpoint=[2001:db8::1]:51820\nlast_handshake_time_sec=1700000000\n" +
                  "last_handshake_time_nsec=42\ntx_bytes=18446744073709551615\nrx_bytes=11\n" +
                  "persistent_keepalive_interval=25\nallowed_ip=192.0.2.1/32\n" +
                  "allowed_ip=2001:db8::/32\nerrno=0\n\n");
}

TEST(UapiState, APeerWithoutSecretHasZerosAndWithoutEndpointNone) {
    DeviceState state;
    state.peers.emplace_back().public_key.bytes[0] = std::byte{1};
    const SecretText text = format_uapi_state(state);
    EXPECT_THAT(text.view(), HasSubstr("preshared_key=" + std::string(64, '0') + "\n"));
    EXPECT_EQ(text.view().find("endpoint"), std::string_view::npos);
}

TEST(UapiError, IsNegative) {
    EXPECT_EQ(format_uapi_error(0), "errno=0\n\n");
    EXPECT_EQ(format_uapi_error(EINVAL), "errno=-22\n\n");
}

}  // namespace
}  // namespace tollgate::agent

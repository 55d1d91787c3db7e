// SPDX-License-Identifier: MIT
#include "agent/core/tunnel_peers.hpp"

#include <gtest/gtest.h>

#include "tests/support/frame.hpp"

namespace {

using namespace tollgate;
using test::ip;

constexpr std::uint8_t kClear = 0;
constexpr std::uint8_t kTunnel = 2;

class TunnelPeersTest : public testing::Test {
  protected:
    void SetUp() override {
        peers.add_tunnel(kTunnel, {ip("10.9.0.1")});
        for (const auto& [prefix, peer] : std::vector<std::pair<std::string, std::string>>{
                 {"10.9.0.0/24", "site"}, {"10.9.0.7/32", "camera"}, {"10.9.0.8/32", ""}}) {
            peers.add_address({kTunnel, *Prefix::parse(prefix), peer});
        }
        peers.add_address({kTunnel + 1, *Prefix::parse("10.9.0.9/32"), "of another"});
    }
    [[nodiscard]] policy::Tuple completed(const std::string& remote, std::uint8_t zone) const {
        policy::Tuple tuple;
        tuple.remote = ip(remote);
        peers.complete(tuple, zone);
        return tuple;
    }
    [[nodiscard]] std::string peer_of(const std::string& remote) const {
        return completed(remote, kTunnel).peer;
    }

    agent::TunnelPeers peers;
};

TEST_F(TunnelPeersTest, TheLongestPrefixSaysWhoseAnAddressIs) {
    EXPECT_EQ(peer_of("10.9.0.6"), "site");
    EXPECT_EQ(peer_of("10.9.0.7"), "camera");
    EXPECT_EQ(peer_of("10.9.0.8"), "") << "a peer without a name within another's network";
    EXPECT_EQ(peer_of("10.9.0.9"), "site") << "what another tunnel has says nothing";
    EXPECT_EQ(peer_of("10.9.1.1"), "");
}

TEST_F(TunnelPeersTest, OnlyTunnelsHavePeers) {
    EXPECT_EQ(completed("10.9.0.7", kTunnel).link, TG_LINK_TUNNEL);
    EXPECT_EQ(completed("10.9.0.7", kClear).link, TG_LINK_CLEAR);
    EXPECT_EQ(completed("10.9.0.7", kClear).peer, "");
}

TEST_F(TunnelPeersTest, AnAddressOfOursTellsTheTunnel) {
    EXPECT_EQ(peers.zone_of(ip("10.9.0.1")), kTunnel);
    EXPECT_EQ(peers.zone_of(ip("192.0.2.1")), kClear);
}

}  // namespace

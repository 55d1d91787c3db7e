// SPDX-License-Identifier: MIT
#include "agent/control/tunnel_calls.hpp"

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

namespace tollgate::agent {
namespace {

using Code = Refusal::Code;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

// RFC 7748, 6.1: Bob's and Alice's public keys.
constexpr const char* kBob = "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=";
constexpr const char* kAlice = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";

/// wg0, whose own key is Alice's, with the peer `camera`, which has Bob's.
class FakeTunnels : public TunnelControl {
  public:
    FakeTunnels() {
        TunnelStatus& tunnel = tunnels.emplace_back();
        tunnel.name = "wg0";
        tunnel.state = TunnelState::running;
        tunnel.public_key = crypto::PublicKey::parse_base64(kAlice);
        TunnelPeerStatus& peer = tunnel.peers.emplace_back();
        peer.name = "camera";
        peer.public_key = *crypto::PublicKey::parse_base64(kBob);
        peer.has_preshared_key = true;
    }

    std::set<std::string> peer_names() override { return {}; }
    std::vector<TunnelStatus> status() override { return tunnels; }
    int change_peer(const std::string& /*tunnel*/,
                    PeerChange change,
                    const std::optional<std::string>& /*peer_name*/) override {
        changes.push_back(std::move(change));
        return error;
    }
    int set_up(const std::string& tunnel, bool up) override {
        is_up = up;
        return tunnel == "wg0" ? error : ENODEV;
    }
    Scrape counters(std::chrono::milliseconds /*patience*/) override { return {}; }

    std::vector<TunnelStatus> tunnels;
    std::vector<PeerChange> changes;
    std::optional<bool> is_up;
    int error = 0;
};

std::string peer_body(const std::string& key, const std::string& more = "") {
    return R"({"tunnel":"wg0","publicKey":")" + key + "\"" + more + "}";
}

TEST(TunnelCalls, ShowTheStateWithoutTheSecret) {
    FakeTunnels tunnels;
    const auto answer = show_tunnels(tunnels);
    ASSERT_TRUE(answer);
    const Json& tunnel = answer->at("tunnels").at(0);
    EXPECT_EQ(tunnel.at("state"), "running");
    EXPECT_EQ(tunnel.at("publicKey"), kAlice);
    EXPECT_EQ(tunnel.at("peers").at(0).at("presharedKey"), true);
    EXPECT_FALSE(tunnel.contains("privateKey"));
}

TEST(TunnelCalls, AddAPeerOrChangeTheOneOfThatKey) {
    FakeTunnels tunnels;
    const auto changed = add_tunnel_peer(tunnels, peer_body(kBob, R"(,"allowedIPs":["10.0.0.9"])"));
    ASSERT_TRUE(changed);
    EXPECT_EQ(changed->at("change"), "peerChanged");
    tunnels.tunnels[0].peers.clear();
    EXPECT_EQ(add_tunnel_peer(tunnels, peer_body(kBob))->at("change"), "peerAdded");
    ASSERT_THAT(tunnels.changes, SizeIs(2));
    EXPECT_TRUE(tunnels.changes[0].replace_allowed_ips);
    EXPECT_FALSE(tunnels.changes[1].replace_allowed_ips) << "what is absent stays";
}

TEST(TunnelCalls, RefuseTheKeyOfTheTunnelItself) {
    FakeTunnels tunnels;
    const auto answer = add_tunnel_peer(tunnels, peer_body(kAlice));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Code::invalid);
    EXPECT_THAT(tunnels.changes, SizeIs(0));
}

TEST(TunnelCalls, RefuseANameThatAnotherPeerHas) {
    FakeTunnels tunnels;
    TunnelStatus& other = tunnels.tunnels.emplace_back();
    other.name = "wg1";
    const std::string body =
        R"({"tunnel":"wg1","publicKey":")" + std::string{kAlice} + R"(","name":"camera"})";
    const auto answer = add_tunnel_peer(tunnels, body);
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message, HasSubstr("'camera'"));
    EXPECT_TRUE(add_tunnel_peer(tunnels, peer_body(kBob, R"(,"name":"camera")"))) << "its own";
}

TEST(TunnelCalls, RemoveAPeerByNameOrKey) {
    FakeTunnels tunnels;
    ASSERT_TRUE(remove_tunnel_peer(tunnels, R"({"tunnel":"wg0","peer":"camera"})"));
    ASSERT_TRUE(
        remove_tunnel_peer(tunnels, R"({"tunnel":"wg0","peer":")" + std::string{kBob} + "\"}"));
    ASSERT_THAT(tunnels.changes, SizeIs(2));
    EXPECT_TRUE(tunnels.changes[0].remove);
    EXPECT_EQ(tunnels.changes[0].public_key, tunnels.changes[1].public_key);
}

TEST(TunnelCalls, DoNotTakeAnEmptyNameForAPeerWithoutOne) {
    FakeTunnels tunnels;
    tunnels.tunnels[0].peers[0].name.clear();
    const auto answer = remove_tunnel_peer(tunnels, R"({"tunnel":"wg0","peer":""})");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Code::not_found);
    EXPECT_THAT(tunnels.changes, SizeIs(0));
}

TEST(TunnelCalls, SayWhatWentWrong) {
    FakeTunnels tunnels;
    const std::string wg0 = R"({"tunnel":"wg0"})";
    for (const auto& [error, code] : {std::pair{ENETDOWN, Code::unavailable},
                                      {ESHUTDOWN, Code::unavailable},
                                      {ENOSPC, Code::invalid},
                                      {EIO, Code::internal}}) {
        tunnels.error = error;
        EXPECT_EQ(set_tunnel_up(tunnels, wg0, true).error().code, code) << error;
    }
    const auto unknown = set_tunnel_up(tunnels, R"({"tunnel":"wg7"})", true);
    EXPECT_EQ(unknown.error().code, Code::not_found);
}

TEST(TunnelCalls, SetATunnelUpAndDown) {
    FakeTunnels tunnels;
    EXPECT_EQ(set_tunnel_up(tunnels, R"({"tunnel":"wg0"})", false)->at("change"), "down");
    EXPECT_EQ(tunnels.is_up, false);
    EXPECT_EQ(set_tunnel_up(tunnels, R"({"tunnel":"wg0"})", true)->at("change"), "up");
    EXPECT_EQ(tunnels.is_up, true);
}

// Case C17
TEST(TunnelRequests, NeverQuoteWhatShouldHaveBeenAPublicKey) {
    FakeTunnels tunnels;
    const std::string secret = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo";
    const auto answer = add_tunnel_peer(tunnels, peer_body(secret));
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message + answer.error().hint, Not(HasSubstr(secret)));
}

TEST(TunnelRequests, AreRefusedWithWhatIsWrong) {
    FakeTunnels tunnels;
    for (const auto& [body, said] :
         {std::pair{std::string{"{}"}, "name the tunnel"},
          {R"({"tunnel":7})", "tunnel has a value of the wrong type"},
          {R"({"tunnel":"a b"})", "name the tunnel"},
          {R"({"tunnel":"../wg0"})", "name the tunnel"},
          {peer_body(kBob, R"(,"name":"No Name")"), "no name of a peer"},
          {peer_body(kBob, R"(,"endpoint":"host:1")"), "no ADDRESS:PORT"},
          {peer_body(kBob, R"(,"allowedIPs":["10.0.0.0/33"])"), "no address or CIDR block"},
          {peer_body(kBob, R"(,"allowedIPs":"10.0.0.1")"), "allowedIPs has a value of the wrong"},
          {peer_body(kBob, R"(,"persistentKeepalive":65536)"), "persistentKeepalive"}}) {
        const auto answer = add_tunnel_peer(tunnels, body);
        ASSERT_FALSE(answer) << body;
        EXPECT_EQ(answer.error().code, Code::invalid) << body;
        EXPECT_THAT(answer.error().message, HasSubstr(said)) << body;
    }
    EXPECT_THAT(tunnels.changes, SizeIs(0));
}

}  // namespace
}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
// From a file of wg-quick(8) to tollgate.yaml and back again.
#include "agent/cli/tunnel_import.hpp"

#include <string>

#include <gmock/gmock.h>

#include "agent/cli/tunnel_export.hpp"

namespace tollgate::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

// RFC 7748, 6.1: Alice's private key, Bob's and Alice's public keys.
const std::string kPrivate = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=";
const std::string kBob = "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=";
const std::string kAlice = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";

std::string peer_section(const std::string& key, const std::string& more) {
    return "[Peer]\nPublicKey = " + key + "\n" + more;
}

agent::WgConf conf_of(const std::string& text) {
    agent::WgConfReading reading = agent::read_wg_conf(text);
    EXPECT_TRUE(reading.conf) << policy::format_problems("f", reading.problems);
    return reading.conf ? std::move(*reading.conf) : agent::WgConf{};
}

ImportedTunnel imported(const std::string& text) {
    return import_tunnel(conf_of(text), "wg0", "/etc/tollgate");
}

std::string problems(const ImportedTunnel& tunnel) {
    return policy::format_problems("f", check_imported(tunnel.yaml));
}

TEST(TunnelImport, WritesWhatTheConfigurationTakes) {
    const ImportedTunnel tunnel = imported(
        "[Interface]\nPrivateKey = " + kPrivate + "\nListenPort = 51820\nAddress = 10.0.0.1/24\n" +
        peer_section(kBob,
                     "AllowedIPs = 10.0.0.2/32, fd09::/64\nEndpoint = gate.example.org:51820\n"
                     "PersistentKeepalive = 25\n"));
    EXPECT_EQ(problems(tunnel), "");
    EXPECT_THAT(tunnel.yaml, HasSubstr("addresses: [\"10.0.0.1/24\"]"));
    EXPECT_THAT(tunnel.yaml, HasSubstr("allowedIPs: [\"10.0.0.2/32\", \"fd09::/64\"]"));
}

TEST(TunnelImport, PutsNoSecretIntoTheConfiguration) {
    const ImportedTunnel tunnel = imported("[Interface]\nPrivateKey = " + kPrivate + "\n" +
                                           peer_section(kBob, "PresharedKey = " + kPrivate + "\n"));
    EXPECT_THAT(tunnel.yaml, Not(HasSubstr(kPrivate)));
    ASSERT_THAT(tunnel.key_files, SizeIs(2));
    EXPECT_EQ(tunnel.key_files[0].path, "/etc/tollgate/wg0.key");
    EXPECT_EQ(tunnel.key_files[1].path, "/etc/tollgate/wg0-peer-1.psk");
    EXPECT_EQ(tunnel.key_files[1].key, crypto::decode_base64(kPrivate));
}

TEST(TunnelImport, FindsWhatTheConfigurationWouldNotTake) {
    const ImportedTunnel tunnel =
        imported("[Interface]\n" + peer_section(kBob, "AllowedIPs = 10.0.0.2/32\n") +
                 peer_section(kAlice, "AllowedIPs = 10.0.0.2/32\n"));
    EXPECT_THAT(problems(tunnel), HasSubstr("10.0.0.2/32"));
}

Json shown_peer() {
    return {{"name", "camera"},
            {"publicKey", kBob},
            {"allowedIPs", {"10.0.0.2/32", "192.168.7.0/24"}},
            {"endpoint", "203.0.113.7:40000"},
            {"configuredEndpoint", "camera.example.org:51820"},
            {"persistentKeepalive", 25}};
}

Json shown_tunnel() {
    return {{"name", "wg0"},
            {"publicKey", kAlice},
            {"listenPort", 51820},
            {"mtu", 1420},
            {"addresses", {"10.0.0.1/24"}},
            {"peers", {shown_peer()}}};
}

TEST(TunnelExport, HasTheConfiguredEndpointNotWhereThePeerIsNow) {
    const auto conf = export_tunnel(shown_tunnel());
    ASSERT_TRUE(conf);
    ASSERT_THAT(conf->peers, SizeIs(1));
    EXPECT_EQ(conf->peers[0].endpoint->to_string(), "camera.example.org:51820");
    EXPECT_EQ(conf->peers[0].persistent_keepalive, 25);
    EXPECT_EQ(conf->listen_port, 51820);
}

TEST(TunnelExport, TheFileOfAPeersHostIsTheOtherWayRound) {
    const auto conf = export_peer(shown_tunnel(), "camera", "gate.example.org:51820");
    ASSERT_TRUE(conf);
    ASSERT_THAT(conf->addresses, SizeIs(1)) << "a network of it is no address of its host";
    EXPECT_EQ(conf->addresses[0].address.to_string(), "10.0.0.2");
    ASSERT_THAT(conf->peers, SizeIs(1));
    EXPECT_EQ(conf->peers[0].public_key.to_base64(), kAlice);
    EXPECT_THAT(conf->peers[0].allowed_ips, ElementsAre(*Prefix::parse("10.0.0.1/32")));
    EXPECT_EQ(conf->peers[0].endpoint->to_string(), "gate.example.org:51820");
}

TEST(TunnelExport, APeerMayBeNamedByItsKey) {
    EXPECT_TRUE(export_peer(shown_tunnel(), kBob, ""));
    EXPECT_FALSE(export_peer(shown_tunnel(), "nobody", ""));
}

TEST(TunnelExport, ATunnelWithoutKeyHasNoFileForItsPeers) {
    Json tunnel = shown_tunnel();
    tunnel.erase("publicKey");
    EXPECT_FALSE(export_peer(tunnel, "camera", ""));
}

}  // namespace
}  // namespace tollgate::cli

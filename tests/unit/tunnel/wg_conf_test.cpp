// SPDX-License-Identifier: MIT
#include "agent/tunnel/wg_conf.hpp"

#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/tunnel/tunnel_config.hpp"

namespace tollgate::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// RFC 7748, 6.1: Alice's private key, Bob's and Alice's public keys.
const std::string kPrivate = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=";
const std::string kBob = "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=";
const std::string kAlice = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
const std::string kPeer = "[Peer]\nPublicKey = " + kBob + "\n";

WgConf conf_of(const std::string& text) {
    WgConfReading reading = read_wg_conf(text);
    EXPECT_EQ(policy::format_problems("f", reading.problems), "");
    return reading.conf ? std::move(*reading.conf) : WgConf{};
}

std::string problems_of(const std::string& text) {
    return policy::format_problems("f", read_wg_conf(text).problems);
}

TEST(WgConf, ReadsAFileOfWgQuick) {
    const WgConf conf =
        conf_of("# gate\n[Interface]\nPrivateKey = " + kPrivate +
                "\nListenPort = 51820\nFwMark = 0xca6c\nAddress = 10.0.0.1/24, 2001:db8::1/64\n"
                "Address = 192.0.2.1\nMTU = 1420\n");
    EXPECT_EQ(conf.private_key, crypto::decode_base64(kPrivate));
    EXPECT_EQ(conf.listen_port, 51820);
    EXPECT_EQ(conf.fwmark, 0xca6cU);
    EXPECT_EQ(conf.mtu, 1420U);
    ASSERT_EQ(conf.addresses.size(), 3U);
    EXPECT_EQ(conf.addresses[0].address.to_string(), "10.0.0.1");
    EXPECT_EQ(format_allowed_ip(conf.addresses[0].network), "10.0.0.0/24");
    EXPECT_EQ(format_allowed_ip(conf.addresses[2].network), "192.0.2.1/32");
    EXPECT_TRUE(conf.peers.empty());
}

TEST(WgConf, ReadsPeers) {
    const WgConf conf =
        conf_of(kPeer + "PresharedKey = " + kPrivate +
                "\nAllowedIPs = 10.0.0.1/24, ::/0\nAllowedIPs = 192.0.2.1\n"
                "Endpoint = gate.example.org:51820\nPersistentKeepalive = 25\n[Peer]\nPublicKey=" +
                kAlice + "\nAllowedIPs =\nPersistentKeepalive = off\n");
    ASSERT_EQ(conf.peers.size(), 2U);
    const WgConfPeer& peer = conf.peers.front();
    EXPECT_EQ(peer.public_key.to_base64(), kBob);
    EXPECT_EQ(peer.preshared_key, crypto::decode_base64(kPrivate));
    ASSERT_EQ(peer.allowed_ips.size(), 3U);
    EXPECT_EQ(format_allowed_ip(peer.allowed_ips[0]), "10.0.0.0/24");
    EXPECT_EQ(peer.endpoint->host, "gate.example.org");
    EXPECT_EQ(peer.persistent_keepalive, 25);
    EXPECT_EQ(conf.peers[1].public_key.to_base64(), kAlice);
    EXPECT_TRUE(conf.peers[1].allowed_ips.empty());
    EXPECT_EQ(conf.peers[1].persistent_keepalive, 0);
}

TEST(WgConf, LettersCommentsBlanksAndLineEndsDoNotMatter) {
    const WgConf conf =
        conf_of("\r\n  [interface] # x\r\n\tlistenport=7#8\r\n[PEER]\r\npublickey\t= " + kBob +
                " \r\nALLOWEDIPS=10.0.0.1,10.0.0.2 , 10.0.0.3");
    EXPECT_EQ(conf.listen_port, 7);
    ASSERT_EQ(conf.peers.size(), 1U);
    EXPECT_EQ(conf.peers.front().allowed_ips.size(), 3U);
}

TEST(WgConf, AnEmptyFileIsAConfiguration) {
    EXPECT_TRUE(read_wg_conf("").conf);
    EXPECT_TRUE(read_wg_conf("# nothing\n").conf);
}

TEST(WgConf, WhatWgQuickWouldRunIsLeftOutWithAWarning) {
    const WgConfReading reading = read_wg_conf(
        "[Interface]\nDNS = 192.0.2.53\nPostUp = reboot\nPostUp = reboot\nTable = off\n"
        "SaveConfig = true\n");
    ASSERT_TRUE(reading.conf);
    EXPECT_EQ(policy::format_problems("f", reading.problems),
              "f:2:1: warning: DNS is left out; set the resolver where the system does\n"
              "f:3:1: warning: PostUp is left out; "
              "Tollgate runs no commands of a configuration file\n"
              "f:4:1: warning: PostUp is left out; "
              "Tollgate runs no commands of a configuration file\n"
              "f:5:1: warning: Table is left out; set routes where the system does\n"
              "f:6:1: warning: SaveConfig is left out; Tollgate does not write to this file\n");
}

TEST(WgConf, EveryProblemIsToldWithItsPlaceAndAWayOut) {
    const std::string text = "[Interface]\n  ListenPrt = 1\nListenPort = 65536\nMTU=x\n" + kPeer +
                             "AllowedIPs = 10.0.0.0/8, 10.0.0/8\nEndpoint = gate\n";
    EXPECT_FALSE(read_wg_conf(text).conf);
    EXPECT_EQ(problems_of(text),
              "f:2:3: error: unknown key 'ListenPrt'; did you mean 'ListenPort'?\n"
              "f:3:14: error: '65536' is no port; write 0 to 65535\n"
              "f:4:5: error: 'x' is no MTU; write 576 to 65535\n"
              "f:7:26: error: '10.0.0/8' is no prefix; write ADDRESS/LENGTH, …\n"
              "f:8:12: error: 'gate' is no endpoint; write HOST:PORT or [IPV6]:PORT\n");
}

TEST(WgConf, AKeyInTheWrongSectionIsSentToTheOther) {
    EXPECT_EQ(problems_of("[Interface]\nEndpoint = gate:1\n" + kPeer + "MTU = 1420\n"),
              "f:2:1: error: Endpoint does not belong here; move it below a [Peer]\n"
              "f:5:1: error: MTU does not belong here; move it below [Interface]\n");
    EXPECT_THAT(problems_of("ListenPort = 1\n"), HasSubstr("move it below [Interface]"));
}

TEST(WgConf, APeerWithoutPublicKeyIsRefusedWhereItBegins) {
    EXPECT_EQ(problems_of("[Peer]\nEndpoint = gate:1\n" + kPeer),
              "f:1:1: error: this peer has no PublicKey\n");
    EXPECT_EQ(problems_of("[Peer]"), "f:1:1: error: this peer has no PublicKey\n");
}

TEST(WgConf, APeerStandsInOneSectionOnly) {
    EXPECT_THAT(problems_of(kPeer + kPeer),
                HasSubstr("f:4:13: error: the peer 3p7b…IK08 is in line 2"));
}

TEST(WgConf, AKeyThatIsSetAgainIsAWarningAndTheLastCounts) {
    const WgConfReading reading = read_wg_conf("[Interface]\nMTU = 1400\nMTU = 1300\n");
    ASSERT_TRUE(reading.conf);
    EXPECT_EQ(reading.conf->mtu, 1300U);
    EXPECT_THAT(policy::format_problems("f", reading.problems),
                HasSubstr("f:3:1: warning: MTU is set again"));
}

// Case W19
TEST(WgConf, RefusesPublicKeysThatNoPeerCanHave) {
    for (const std::string& key :
         {std::string(43, 'A') + "=", kBob.substr(1), kBob + "=", std::string{}}) {
        EXPECT_THAT(problems_of("[Peer]\nPublicKey = " + key + "\n"),
                    HasSubstr("PublicKey is no key"));
    }
}

TEST(WgConf, NoProblemShowsAKey) {
    for (const std::string& line : {kPrivate,
                                    fmt::format("[{}]", kPrivate),
                                    fmt::format("{0}={0}", kPrivate),
                                    "PrivateKey = " + kPrivate + "x",
                                    "PresharedKey = " + kPrivate + "x",
                                    "PublicKey = " + kPrivate + "x",
                                    "ListenPort = " + kPrivate,
                                    "AllowedIPs = " + kPrivate,
                                    "Endpoint = " + kPrivate,
                                    "PrivateKye = " + kPrivate}) {
        for (const auto* section : {"", "[Interface]\n", "[Peer]\n"}) {
            const std::string problems = problems_of(section + line + "\n");
            EXPECT_NE(problems, "");
            EXPECT_THAT(problems, Not(HasSubstr(kPrivate.substr(0, 12)))) << line;
        }
    }
}

TEST(WgConf, RefusesAFileThatIsTooLarge) {
    const std::string text(kWgConfBytesMax, '#');
    EXPECT_TRUE(read_wg_conf(text).conf);
    EXPECT_FALSE(read_wg_conf(text + "#").conf);
}

TEST(WgConf, WhatIsWrittenIsReadAsTheSame) {
    const std::string text =
        "[Interface]\nListenPort = 51820\nFwMark = 0xca6c\nPrivateKey = " + kPrivate +
        "\nAddress = 10.0.0.1/24, 2001:db8::1/64\nMTU = 1420\n\n" + kPeer +
        "PresharedKey = " + kPrivate +
        "\nAllowedIPs = 10.0.0.0/24, ::/0\nEndpoint = [2001:db8::1]:51820\n"
        "PersistentKeepalive = 25\n\n[Peer]\nPublicKey = " +
        kAlice + "\n";
    EXPECT_EQ(write_wg_conf(conf_of(text)).view(), text);
    EXPECT_EQ(write_wg_conf({}).view(), "[Interface]\n");
}

}  // namespace
}  // namespace tollgate::agent

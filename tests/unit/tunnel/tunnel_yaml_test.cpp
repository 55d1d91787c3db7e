// SPDX-License-Identifier: MIT
#include <string>

#include <gmock/gmock.h>

#include "agent/tunnel/tunnel_config.hpp"
#include "agent/tunnel/tunnel_settings.hpp"
#include "policy/yaml_strict.hpp"

namespace tollgate::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Public keys of nobody, all sound.
constexpr const char* kFirst = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
constexpr const char* kSecond = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=";

struct Reading {
    std::vector<TunnelSettings> tunnels;
    std::string problems;
};

Reading read(const std::string& text) {
    std::vector<policy::Problem> problems;
    const auto root = policy::parse_yaml(text, problems);
    Reading reading;
    if (root) {
        reading.tunnels = read_tunnels(*root, problems);
    }
    reading.problems = policy::format_problems("f", problems);
    return reading;
}

std::string tunnel(const std::string& fields) {
    return "- name: wg0\n" + fields;
}

// One peer in line 3, its further fields in line 4.
std::string peer(const std::string& fields, const std::string& key = kFirst) {
    return tunnel("  peers:\n  - {name: a, publicKey: " + key + ",\n     " + fields + "}\n");
}

TEST(TunnelYaml, ReadsEveryField) {
    const Reading reading =
        read(tunnel("  privateKeyFile: /k/wg0\n  listenPort: 51820\n  addresses: [10.9.0.1/24, "
                    "'fd09::1/64']\n  mtu: 1400\n  fwmark: 7\n  cipher: sodium\n  backend: xsk\n  "
                    "threads: 1\n  stealth: strict\n  "
                    "stealthKeyFile: /k/site\n  peers:\n  - name: camera\n"
                    "    publicKey: " +
                    std::string{kFirst} +
                    "\n    presharedKeyFile: /k/psk\n    endpoint: gate.example.org:51821\n"
                    "    allowedIPs: [10.9.0.2/32, fd09::2]\n    persistentKeepalive: 25\n"));
    ASSERT_THAT(reading.problems, IsEmpty());
    TunnelSettings expected;
    expected.name = "wg0";
    expected.private_key_file = "/k/wg0";
    expected.listen_port = 51820;
    expected.addresses = {{*IpAddress::parse("10.9.0.1"), *Prefix::parse("10.9.0.0/24")},
                          {*IpAddress::parse("fd09::1"), *Prefix::parse("fd09::/64")}};
    expected.mtu = 1400;
    expected.fwmark = 7;
    expected.cipher = "sodium";
    expected.stealth = StealthMode::strict;
    expected.stealth_key_file = "/k/site";
    expected.backend = "xsk";
    expected.threads = 1;
    expected.peers.push_back({"camera",
                              *crypto::PublicKey::parse_base64(kFirst),
                              "/k/psk",
                              HostPort{"gate.example.org", 51821},
                              {*Prefix::parse("10.9.0.2"), *Prefix::parse("fd09::2")},
                              25,
                              {}});
    EXPECT_THAT(reading.tunnels, ElementsAre(expected));
}

TEST(TunnelYaml, WhatIsAbsentHasItsDefault) {
    const Reading reading = read(tunnel("  mtu: auto\n"));
    ASSERT_THAT(reading.problems, IsEmpty());
    TunnelSettings expected;
    expected.name = "wg0";
    EXPECT_THAT(reading.tunnels, ElementsAre(expected));
    EXPECT_EQ(expected.cipher, "auto");
    EXPECT_EQ(expected.backend, "auto");
    EXPECT_EQ(expected.threads, 1U);
    EXPECT_FALSE(expected.mtu);
}

TEST(TunnelYaml, NamesEveryMistakeAndItsPlace) {
    const std::string problems =
        read(
            "- name: a/b\n  listenPort: 65536\n  mtu: 575\n  cipher: aes\n  fwmark: 4294967296\n"
            "  addresses: [10.9.0.1/33]\n  adresses: []\n  peers: [{}]\n- 7\n")
            .problems;
    EXPECT_THAT(problems, HasSubstr("f:1:9: error: 'a/b' is no name of an interface"));
    EXPECT_THAT(problems, HasSubstr("f:2:15: error: listenPort must be from 0 to 65535"));
    EXPECT_THAT(problems, HasSubstr("f:3:8: error: mtu must be auto or from 576 to 65535"));
    EXPECT_THAT(problems, HasSubstr("f:4:11: error: cipher must be auto or"));
    EXPECT_THAT(problems, HasSubstr("f:5:11: error: fwmark"));
    EXPECT_THAT(problems, HasSubstr("f:6:15: error: '10.9.0.1/33' is no address"));
    EXPECT_THAT(problems, HasSubstr("f:7:3: error: unknown key 'adresses'; did you mean"));
    EXPECT_THAT(problems, HasSubstr("f:8:11: error: a peer lacks the key 'name'"));
    EXPECT_THAT(problems, HasSubstr("a peer lacks the key 'publicKey'"));
    EXPECT_THAT(problems, HasSubstr("a peer lacks the key 'allowedIPs'"));
    EXPECT_THAT(problems, HasSubstr("f:9:3: error: a tunnel must be a map"));
}

TEST(TunnelYaml, ASiteSecretThatIsNotUsedIsRefused) {
    EXPECT_THAT(read(tunnel("  stealthKeyFile: /k/site\n")).problems,
                HasSubstr("f:2:19: error: stealthKeyFile is not used without stealth"));
    EXPECT_THAT(read(tunnel("  stealth: off\n  stealthKeyFile: /k/site\n")).problems, IsEmpty());
    EXPECT_THAT(read(tunnel("  stealth: strikt\n")).problems, HasSubstr("f:2:12: error"));
}

TEST(TunnelYaml, ABackendIsOneOfThree) {
    for (const char* backend : {"auto", "xsk", "udp"}) {
        const Reading reading = read(tunnel(std::string{"  backend: "} + backend + "\n"));
        EXPECT_THAT(reading.problems, IsEmpty()) << backend;
        EXPECT_EQ(reading.tunnels.at(0).backend, backend);
    }
    EXPECT_THAT(read(tunnel("  backend: xdp\n")).problems,
                HasSubstr("f:2:12: error: backend must be auto or xsk or udp, not 'xdp'"));
}

TEST(TunnelYaml, ThreadsAreFromOneToSixteen) {
    for (const std::size_t threads : {1U, 2U, 16U}) {
        const Reading reading = read(tunnel("  threads: " + std::to_string(threads) + "\n"));
        EXPECT_THAT(reading.problems, IsEmpty()) << threads;
        EXPECT_EQ(reading.tunnels.at(0).threads, threads);
    }
    for (const char* threads : {"0", "17", "4294967297"}) {
        EXPECT_THAT(read(tunnel(std::string{"  threads: "} + threads + "\n")).problems,
                    HasSubstr("f:2:12: error: threads must be from 1 to 16"));
    }
    EXPECT_THAT(read(tunnel("  threads: auto\n")).problems, HasSubstr("f:2:12: error: "));
}

TEST(TunnelYaml, SeveralThreadsAndTheBackendXskExcludeEachOther) {
    EXPECT_THAT(read(tunnel("  threads: 1\n  backend: xsk\n")).problems, IsEmpty());
    EXPECT_THAT(read(tunnel("  threads: 2\n  backend: auto\n")).problems, IsEmpty());
    EXPECT_THAT(read(tunnel("  threads: 2\n  backend: xsk\n")).problems,
                HasSubstr("f:2:12: error: a tunnel with the backend xsk has one thread"));
}

TEST(TunnelYaml, TwoTunnelsShareNeitherNameNorPortNorNamesOfPeers) {
    const std::string one = peer("allowedIPs: []");
    const std::string problems =
        read(one + "  listenPort: 1\n" + one + "  listenPort: 1\n").problems;
    EXPECT_THAT(problems,
                HasSubstr("f:6:9: error: 'wg0' is a tunnel already; the first is in line 1"));
    EXPECT_THAT(problems,
                HasSubstr("f:8:12: error: 'a' is a peer already; the first is in line 3"));
    EXPECT_THAT(problems, HasSubstr("two tunnels listen on port 1; the first is in line 5"));
    EXPECT_THAT(problems, Not(HasSubstr("publicKey")));  // a host may be the peer of two tunnels
}

// Case W19
TEST(TunnelYaml, PeersOfATunnelHaveDifferentKeysAndAllowedIps) {
    const std::string problems =
        read(peer("allowedIPs: [10.0.0.0/8, 10.1.0.0/16]") + "  - {name: b, publicKey: " + kFirst +
             ",\n     allowedIPs: [10.0.0.0/8, 10.1.2.0/24]}\n")
            .problems;
    EXPECT_THAT(problems,
                HasSubstr("f:5:26: error: two peers have the same publicKey; the first "
                          "is in line 3"));
    EXPECT_THAT(problems,
                HasSubstr("f:6:19: error: 10.0.0.0/8 belongs to a peer already; the "
                          "first is in line 4"));
    EXPECT_THAT(problems, Not(HasSubstr("10.1.")));  // a part of another's is no mistake
}

TEST(TunnelYaml, AKeyThatIsNoneIsRefusedAndNotShown) {
    const std::string secret = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBm";
    const std::string problems =
        read(peer("allowedIPs: [], presharedKeyFile: " + secret, secret)).problems;
    EXPECT_THAT(problems, HasSubstr("f:3:26: error: publicKey is no key"));
    EXPECT_THAT(problems, HasSubstr("f:4:40: error: presharedKeyFile must be the path of a file"));
    EXPECT_THAT(problems, Not(HasSubstr(secret)));
}

// Case W19
TEST(TunnelYaml, APublicKeyOfLowOrderIsRefused) {
    for (const char* key : {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                            "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}) {
        EXPECT_THAT(read(peer("allowedIPs: []", key)).problems,
                    HasSubstr("f:3:26: error: publicKey is no key that a peer can have"));
    }
}

TEST(TunnelYaml, AllowedIpsAreBlocksWithoutBitsAfterTheirLength) {
    const std::string problems =
        read(peer("allowedIPs: [10.9.0.2/24, 300.1.1.1, 0.0.0.0/0, '::/0']")).problems;
    EXPECT_THAT(problems, HasSubstr("'10.9.0.2/24' has bits after its length; write 10.9.0.0/24"));
    EXPECT_THAT(problems, HasSubstr("'300.1.1.1' is no block of addresses"));
    EXPECT_THAT(problems, HasSubstr("0.0.0.0/0 cannot be an allowed IP yet"));
    EXPECT_THAT(problems, HasSubstr("::/0 cannot be an allowed IP yet"));
}

TEST(TunnelYaml, AnEndpointWithinAllowedIpsWouldBeALoop) {
    const std::string fields = "endpoint: 192.0.2.7:1, allowedIPs: [192.0.2.0/24]";
    EXPECT_THAT(read(peer(fields)).problems,
                HasSubstr("f:4:16: error: the endpoint 192.0.2.7 is within the allowed IPs "
                          "192.0.2.0/24 of line 4"));
    EXPECT_THAT(read(peer(fields) + "  fwmark: 1\n").problems, IsEmpty());
    EXPECT_THAT(read(peer("endpoint: 192.0.3.1:1, allowedIPs: [192.0.2.0/24]")).problems,
                IsEmpty());
}

TEST(TunnelYaml, AnEndpointNeedsAPort) {
    EXPECT_THAT(read(peer("endpoint: gate.example.org, allowedIPs: []")).problems,
                HasSubstr("f:4:16: error: 'gate.example.org' is no endpoint; write HOST:PORT"));
    EXPECT_THAT(read(peer("endpoint: '[2001:db8::1]:51820', allowedIPs: []", kSecond)).problems,
                IsEmpty());
}

TEST(TunnelYaml, AnAddressIsThereOnce) {
    const std::string problems =
        read(tunnel("  addresses: [10.9.0.1/24, 10.9.0.1/16, 224.0.0.1/4, 10.9.0.2/0]\n")).problems;
    EXPECT_THAT(problems, HasSubstr("'10.9.0.1/16' is there twice"));
    EXPECT_THAT(problems, HasSubstr("'224.0.0.1/4' is no address of an interface"));
}

TEST(TunnelYaml, ThereAreSoManyTunnelsAtMost) {
    std::string text;
    for (std::size_t i = 0; i < kTunnelsMax; ++i) {
        text += "- name: wg" + std::to_string(i) + "\n";
    }
    EXPECT_THAT(read(text).problems, IsEmpty());
    EXPECT_THAT(read(text + "- name: one-more\n").problems,
                HasSubstr("too many tunnels; at most 16"));
}

}  // namespace
}  // namespace tollgate::agent

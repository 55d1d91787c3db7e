// SPDX-License-Identifier: MIT
#include "agent/support/pseudonyms.hpp"

#include <gtest/gtest.h>

namespace tollgate::agent {
namespace {

IpAddress ip(const char* text) {
    return IpAddress::parse(text).value();
}

MacAddress mac(const char* text) {
    return MacAddress::parse(text).value();
}

std::size_t shared_bits(const IpAddress& a, const IpAddress& b) {
    for (std::size_t bit = 0; bit < 128; ++bit) {
        if ((((a.bytes.at(bit / 8) ^ b.bytes.at(bit / 8)) >> (7 - bit % 8)) & 1) != 0) {
            return bit;
        }
    }
    return 128;
}

const Pseudonyms::Key kKey{std::byte{7}};

TEST(Pseudonyms, AnAddressHasOneForEachKey) {
    const Pseudonyms pseudonyms{kKey};
    EXPECT_EQ(pseudonyms.address(ip("192.0.2.10")), pseudonyms.address(ip("192.0.2.10")));
    EXPECT_NE(pseudonyms.address(ip("192.0.2.10")), ip("192.0.2.10"));
    EXPECT_NE(pseudonyms.address(ip("192.0.2.10")),
              Pseudonyms{Pseudonyms::Key{std::byte{8}}}.address(ip("192.0.2.10")));
}

TEST(Pseudonyms, AddressesShareAsManyBitsAsBefore) {
    const Pseudonyms pseudonyms{kKey};
    const std::pair<const char*, const char*> pairs[] = {{"192.0.2.10", "192.0.2.11"},
                                                         {"192.0.2.10", "192.0.3.10"},
                                                         {"10.1.2.3", "10.200.2.3"},
                                                         {"2001:db8::1", "2001:db8::2"},
                                                         {"2001:db8:1::1", "2001:db8:2::1"},
                                                         {"fe80::1", "fe80::2"}};
    for (const auto& [one, other] : pairs) {
        EXPECT_EQ(shared_bits(pseudonyms.address(ip(one)), pseudonyms.address(ip(other))),
                  shared_bits(ip(one), ip(other)))
            << one << " " << other;
    }
}

TEST(Pseudonyms, WhatAnAddressIsForStays) {
    const Pseudonyms pseudonyms{kKey};
    for (const char* same : {"0.0.0.0",
                             "127.0.0.1",
                             "127.9.9.9",
                             "255.255.255.255",
                             "224.0.0.251",
                             "239.255.255.250",
                             "::",
                             "::1",
                             "ff02::1",
                             "ff02::fb"}) {
        EXPECT_EQ(pseudonyms.address(ip(same)), ip(same)) << same;
    }
    const std::pair<const char*, const char*> within[] = {
        {"10.0.0.1", "10.0.0.0/8"},
        {"172.31.0.1", "172.16.0.0/12"},
        {"192.168.1.1", "192.168.0.0/16"},
        {"169.254.169.254", "169.254.0.0/16"},
        {"100.64.0.1", "100.64.0.0/10"},
        {"239.1.2.3", "224.0.0.0/4"},
        {"fe80::aabb", "fe80::/64"},
        {"fd00::1", "fc00::/7"},
        {"2001:db8::1", "2000::/3"},
        {"ff02::1:ff12:3456", "ff02::1:ff00:0/104"}};
    for (const auto& [address, range] : within) {
        const IpAddress made = pseudonyms.address(ip(address));
        EXPECT_TRUE(Prefix::parse(range)->contains(made)) << made.to_string();
        EXPECT_NE(made, ip(address));
    }
}

TEST(Pseudonyms, AGlobalIpv4AddressStaysOne) {
    for (unsigned i = 0; i < 200; ++i) {
        const Pseudonyms pseudonyms{Pseudonyms::Key{static_cast<std::byte>(i)}};
        const IpAddress made = pseudonyms.address(ip("198.51.100.7"));
        EXPECT_TRUE(made.is_ipv4() && !made.is_private() && !made.is_multicast())
            << made.to_string();
    }
}

TEST(Pseudonyms, AMacAddressKeepsOnlyItsKind) {
    const Pseudonyms pseudonyms{kKey};
    for (const char* same : {"ff:ff:ff:ff:ff:ff",
                             "00:00:00:00:00:00",
                             "01:00:5e:00:00:fb",
                             "33:33:00:00:00:01",
                             "01:80:c2:00:00:0e"}) {
        EXPECT_EQ(pseudonyms.mac(mac(same)), mac(same)) << same;
    }
    const MacAddress local = pseudonyms.mac(mac("02:11:22:33:44:55"));
    EXPECT_NE(local, mac("02:11:22:33:44:55"));
    EXPECT_EQ(local.bytes[0] & 3, 2);
    EXPECT_EQ(pseudonyms.mac(mac("00:11:22:33:44:55")).bytes[0] & 3, 0);
    const MacAddress solicited = pseudonyms.mac(mac("33:33:ff:12:34:56"));
    EXPECT_NE(solicited, mac("33:33:ff:12:34:56"));
    EXPECT_EQ(solicited.to_string().substr(0, 5), "33:33");
}

TEST(Pseudonyms, NamesAreNumberedAndKeepWhatIsBelowWhat) {
    Pseudonyms pseudonyms{kKey};
    EXPECT_EQ(pseudonyms.host("gateway"), "host-1");
    EXPECT_EQ(pseudonyms.host("other"), "host-2");
    EXPECT_EQ(pseudonyms.host("Gateway"), "host-1");
    const std::string domain = pseudonyms.host("example.com");
    EXPECT_TRUE(pseudonyms.host("ota.example.com").ends_with("." + domain));
    EXPECT_NE(pseudonyms.host("example.org"), domain);
    EXPECT_EQ(pseudonyms.host("localhost"), "localhost");
    EXPECT_EQ(pseudonyms.peer("gateway"), "peer-1");
}

}  // namespace
}  // namespace tollgate::agent

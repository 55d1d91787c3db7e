// SPDX-License-Identifier: MIT
#include <random>
#include <string>

#include <gmock/gmock.h>

#include <tollgate/ip.hpp>

namespace tollgate {
namespace {

IpAddress address(const char* text) {
    const auto parsed = IpAddress::parse(text);
    EXPECT_TRUE(parsed) << text;
    return parsed.value_or(IpAddress{});
}

Prefix prefix(const char* text) {
    const auto parsed = Prefix::parse(text);
    EXPECT_TRUE(parsed) << text;
    return parsed.value_or(Prefix{});
}

TEST(IpAddress, KeepsIpv4MappedInNetworkOrder) {
    const IpAddress parsed = address("192.0.2.1");
    EXPECT_TRUE(parsed.is_ipv4());
    EXPECT_THAT(parsed.bytes,
                testing::ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1));
}

TEST(IpAddress, WritesTheRecommendedForm) {
    EXPECT_EQ(address("2001:DB8:0:0:1:0:0:1").to_string(), "2001:db8::1:0:0:1");  // RFC 5952, 4.2.3
    EXPECT_EQ(address("::").to_string(), "::");
    EXPECT_EQ(address("255.255.255.255").to_string(), "255.255.255.255");
    EXPECT_EQ(address("64:ff9b::192.0.2.1").to_string(), "64:ff9b::c000:201");
}

// Case C07
TEST(IpAddress, RefusesWhatOtherParsersGuessAt) {
    for (const char* const text :
         {"",         "1",          "1.2.3",    "1.2.3.4.5",    "010.0.0.1",      "256.0.0.1",
          "1.2.3.4 ", " 1.2.3.4",   "+1.2.3.4", "0x1.2.3.4",    "1..2.3",         "1.2.3.",
          ":",        ":::",        "1::2::3",  "fe80::1%eth0", "::ffff:1.2.3.4", "::ffff:0:0",
          "12345::",  "1.2.3.4:80", "[::1]"}) {
        EXPECT_FALSE(IpAddress::parse(text)) << text;
    }
    EXPECT_FALSE(IpAddress::parse(std::string_view("::1\0", 4)));
}

TEST(IpAddress, WhatItWritesItReads) {
    std::mt19937 random(1);
    for (int i = 0; i < 10000; ++i) {
        IpAddress any;
        for (auto& byte : any.bytes) {
            byte = random() % 2 == 0 ? 0 : static_cast<std::uint8_t>(random());
        }
        ASSERT_EQ(IpAddress::parse(any.to_string()), any) << any.to_string();
    }
}

TEST(IpAddress, KnowsTheKindsOfAddressesAtTheirEdges) {
    EXPECT_TRUE(address("224.0.0.0").is_multicast());
    EXPECT_TRUE(address("239.255.255.255").is_multicast());
    EXPECT_FALSE(address("223.255.255.255").is_multicast());
    EXPECT_FALSE(address("240.0.0.0").is_multicast());
    EXPECT_TRUE(address("ff02::1").is_multicast());
    EXPECT_FALSE(address("fe00::1").is_multicast());

    EXPECT_TRUE(address("169.254.0.1").is_link_local());
    EXPECT_FALSE(address("169.253.0.1").is_link_local());
    EXPECT_TRUE(address("febf::1").is_link_local());
    EXPECT_FALSE(address("fec0::1").is_link_local());

    for (const char* const text : {"10.255.0.1",
                                   "172.16.0.0",
                                   "172.31.255.255",
                                   "192.168.0.1",
                                   "169.254.1.1",
                                   "fc00::1",
                                   "fdff::1",
                                   "fe80::1"}) {
        EXPECT_TRUE(address(text).is_private()) << text;
    }
    for (const char* const text :
         {"11.0.0.0", "172.15.255.255", "172.32.0.0", "192.169.0.0", "fbff::1", "fe00::1", "::1"}) {
        EXPECT_FALSE(address(text).is_private()) << text;
    }
}

TEST(Prefix, HoldsItsFirstAndLastAddressAndNoNeighbour) {
    const Prefix lan = prefix("192.0.2.64/26");
    EXPECT_EQ(lan.length, 122);
    EXPECT_TRUE(lan.contains(address("192.0.2.64")));
    EXPECT_TRUE(lan.contains(address("192.0.2.127")));
    EXPECT_FALSE(lan.contains(address("192.0.2.63")));
    EXPECT_FALSE(lan.contains(address("192.0.2.128")));
}

TEST(Prefix, NeverCrossesTheFamilies) {
    EXPECT_FALSE(prefix("::/0").contains(address("192.0.2.1")));
    EXPECT_FALSE(prefix("::/0").contains(prefix("0.0.0.0/0")));
    EXPECT_FALSE(prefix("0.0.0.0/0").contains(address("::1")));
    EXPECT_TRUE(prefix("::/0").contains(address("2001:db8::1")));
    EXPECT_TRUE(prefix("0.0.0.0/0").contains(address("255.255.255.255")));
}

TEST(Prefix, HoldsNarrowerPrefixesAndItself) {
    EXPECT_TRUE(prefix("10.0.0.0/8").contains(prefix("10.1.0.0/16")));
    EXPECT_TRUE(prefix("10.0.0.0/8").contains(prefix("10.0.0.0/8")));
    EXPECT_FALSE(prefix("10.1.0.0/16").contains(prefix("10.0.0.0/8")));
}

// Case C07
TEST(Prefix, RefusesHostBitsAndBadLengths) {
    for (const char* const text : {"10.0.0.1/8",
                                   "10.0.0.0/33",
                                   "2001:db8::/129",
                                   "2001:db8::1/32",
                                   "10.0.0.0/",
                                   "10.0.0.0/08",
                                   "10.0.0.0/-1",
                                   "10.0.0.0/8/8",
                                   "/8",
                                   "::ffff:0:0/96"}) {
        EXPECT_FALSE(Prefix::parse(text)) << text;
    }
}

TEST(Prefix, WhatItWritesItReads) {
    for (const char* const text :
         {"0.0.0.0/0", "10.0.0.0/8", "192.0.2.1", "::/0", "2001:db8::/32", "2001:db8::1"}) {
        EXPECT_EQ(prefix(text).to_string(), text);
    }
    EXPECT_EQ(prefix("192.0.2.1/32"), prefix("192.0.2.1"));
    EXPECT_TRUE(prefix("192.0.2.1/32").is_host());
}

TEST(MacAddress, ReadsBothSeparatorsAndCases) {
    const auto mac = MacAddress::parse("02-AB-cd-00-00-01");
    ASSERT_TRUE(mac);
    EXPECT_EQ(mac->to_string(), "02:ab:cd:00:00:01");
    EXPECT_FALSE(mac->is_group());
    EXPECT_TRUE(MacAddress::parse("01:00:5e:00:00:01")->is_group());
}

TEST(MacAddress, RefusesEverythingElse) {
    for (const char* const text : {"",
                                   "02:00:00:00:00",
                                   "02:00:00:00:00:0g",
                                   "02:00:00:00:00:001",
                                   "0200.0000.0001",
                                   "02:00:00:00:00:1",
                                   "02 00 00 00 00 01",
                                   "+2:00:00:00:00:01"}) {
        EXPECT_FALSE(MacAddress::parse(text)) << text;
    }
}

}  // namespace
}  // namespace tollgate

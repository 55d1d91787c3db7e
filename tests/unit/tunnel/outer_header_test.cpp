// SPDX-License-Identifier: MIT
// The frames are Scapy's.
#include "agent/tunnel/outer_header.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/support/hex.hpp"

namespace tollgate::agent {
namespace {

using Frame = std::vector<std::byte>;

constexpr const char* kIpv4 =
    "020000000002 020000000001 0800"
    "4588003d12340000 4011e3d5 c000020a c0000214"
    "ca6c9c4000290000"
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20";
constexpr const char* kIpv6 =
    "020000000002 020000000001 86dd"
    "6020000000291140 20010db8000000000000000000000010 20010db8000000000000000000000020"
    "ca6c9c4000292c4c"
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20";
constexpr const char* kIpv6ChecksumZero =
    "020000000002 020000000001 86dd"
    "60000000000a1140 20010db8000000000000000000000010 20010db8000000000000000000000020"
    "ca6c9c40000affff 3d8b";
constexpr std::size_t kEthernet = 14;

Endpoint endpoint(const char* text) {
    return *Endpoint::parse(text);
}

Way way(const char* source) {
    return {.from = {{2, 0, 0, 0, 0, 1}},
            .to = {{2, 0, 0, 0, 0, 2}},
            .source = *IpAddress::parse(source)};
}

Frame frame_of(const OuterHeader& header, const Frame& payload, std::uint16_t id = 0) {
    Frame frame(header.size());
    frame.insert(frame.end(), payload.begin(), payload.end());
    header.write(frame, id);
    return frame;
}

TEST(OuterHeader, IsThatOfAnIpv4DatagramWithoutUdpChecksum) {
    const OuterHeader header{way("192.0.2.10"), endpoint("192.0.2.20:40000"), 51820, 0x88};
    EXPECT_EQ(frame_of(header, test::counting(33), 0x1234), test::unhex(kIpv4));
}

TEST(OuterHeader, IsThatOfAnIpv6DatagramWithUdpChecksum) {
    const OuterHeader header{way("2001:db8::10"), endpoint("[2001:db8::20]:40000"), 51820, 0x02};
    EXPECT_EQ(frame_of(header, test::counting(33)), test::unhex(kIpv6));
}

TEST(OuterHeader, AnIpv6ChecksumOfZeroIsWrittenAsAllOnes) {
    const OuterHeader header{way("2001:db8::10"), endpoint("[2001:db8::20]:40000"), 51820, 0};
    EXPECT_EQ(frame_of(header, test::unhex("3d8b")), test::unhex(kIpv6ChecksumZero));
}

TEST(OuterHeader, DatagramsOfOneVectorDifferInLengthAndIdentificationOnly) {
    const OuterHeader header{way("192.0.2.10"), endpoint("192.0.2.20:40000"), 51820, 0};
    static_cast<void>(frame_of(header, test::counting(1400), 0xffff));
    const Frame again = frame_of(header, test::counting(33), 0x1234);
    Frame expected = test::unhex(kIpv4);
    expected[kEthernet + 1] = std::byte{0};      // no traffic class
    expected[kEthernet + 10] = std::byte{0xe4};  // the checksum is greater by 0x88
    expected[kEthernet + 11] = std::byte{0x5d};
    EXPECT_EQ(again, expected);
}

TEST(OuterHeader, IsReadBack) {
    for (const char* text : {kIpv4, kIpv6}) {
        Frame frame = test::unhex(text);
        const auto datagram = read_outer(frame);
        ASSERT_TRUE(datagram) << text;
        EXPECT_TRUE(std::ranges::equal(datagram->bytes, test::counting(33)));
        EXPECT_EQ(datagram->from.port, 51820);
        EXPECT_EQ(datagram->port, 40000);
        EXPECT_EQ(datagram->ecn, text == kIpv4 ? 0 : 2);
        const bool is_ipv4 = text == kIpv4;
        EXPECT_EQ(datagram->from.address.to_string(), is_ipv4 ? "192.0.2.10" : "2001:db8::10");
        EXPECT_EQ(datagram->from.local.to_string(), is_ipv4 ? "192.0.2.20" : "2001:db8::20");
    }
}

TEST(OuterHeader, EveryTruncationIsRefused) {
    for (const char* text : {kIpv4, kIpv6}) {
        const Frame whole = test::unhex(text);
        for (std::size_t size = 0; size < whole.size(); ++size) {
            Frame cut{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)};
            EXPECT_FALSE(read_outer(cut)) << size;
        }
    }
}

TEST(OuterHeader, WhatFollowsTheDatagramIsLeftOut) {
    for (const char* text : {kIpv4, kIpv6}) {
        Frame padded = test::unhex(text);
        padded.resize(padded.size() + 18);
        const auto datagram = read_outer(padded);
        ASSERT_TRUE(datagram);
        EXPECT_EQ(datagram->bytes.size(), 33U);
    }
}

/// A frame with one byte changed.
struct Change {
    const char* what;
    const char* frame;
    std::size_t at;
    unsigned value;
};
class OuterHeaderRefuses : public ::testing::TestWithParam<Change> {};

TEST_P(OuterHeaderRefuses, AFrame) {
    Frame frame = test::unhex(GetParam().frame);
    ASSERT_TRUE(read_outer(frame));
    frame.at(GetParam().at) = static_cast<std::byte>(GetParam().value);
    EXPECT_FALSE(read_outer(frame)) << GetParam().what;
}

INSTANTIATE_TEST_SUITE_P(
    Changes,
    OuterHeaderRefuses,
    ::testing::Values(Change{"a VLAN tag", kIpv4, 12, 0x81},
                      Change{"ARP", kIpv4, 13, 0x06},
                      Change{"IPv4 options", kIpv4, kEthernet, 0x46},
                      Change{"IPv6 that calls itself IPv4", kIpv6, kEthernet, 0x40},
                      Change{"a first fragment", kIpv4, kEthernet + 6, 0x20},
                      Change{"a later fragment", kIpv4, kEthernet + 7, 0x01},
                      Change{"TCP over IPv4", kIpv4, kEthernet + 9, 6},
                      Change{"an extension header", kIpv6, kEthernet + 6, 0},
                      Change{"an IPv4 packet longer than the frame", kIpv4, kEthernet + 3, 0x3e},
                      Change{"an IPv4 packet shorter than its header", kIpv4, kEthernet + 3, 0x13},
                      Change{"an IPv6 packet longer than the frame", kIpv6, kEthernet + 5, 0x2a},
                      Change{"UDP longer than its packet", kIpv4, kEthernet + 25, 0x2a},
                      Change{"UDP shorter than its header", kIpv4, kEthernet + 25, 7},
                      Change{"UDP longer than its IPv6 packet", kIpv6, kEthernet + 45, 0x2a}));

}  // namespace
}  // namespace tollgate::agent

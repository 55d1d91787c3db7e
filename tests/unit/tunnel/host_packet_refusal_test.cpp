// SPDX-License-Identifier: MIT
// What the kernel would not give us, read as if it had.
#include <gtest/gtest.h>

#include "agent/tunnel/host_packet.hpp"
#include "tests/support/host_packets.hpp"

namespace tollgate::agent {
namespace {

using test::Flow;
using test::Packet;

bool accepts(const VirtioHeader& header, const Packet& packet) {
    return HostPacket::read(test::with_header(header, packet)).has_value();
}

TEST(HostPacketRefuses, EveryTruncation) {
    for (const bool is_ipv6 : {false, true}) {
        const Flow flow{.is_ipv6 = is_ipv6};
        const Packet bytes = test::with_header(test::segmented(flow, 100), flow.build(250));
        ASSERT_TRUE(HostPacket::read(bytes));
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            ASSERT_FALSE(HostPacket::read({bytes.data(), size})) << size;
        }
    }
}

TEST(HostPacketRefuses, WhatIsNoIpPacket) {
    for (const unsigned version : {0U, 1U, 5U, 7U, 15U}) {
        Packet packet = Flow{}.build(100);
        packet[0] = static_cast<std::byte>(version << 4U | 5U);
        EXPECT_FALSE(accepts({}, packet)) << version;
    }
}

TEST(HostPacketRefuses, AnIpv4HeaderThatIsTooShortOrLongerThanThePacket) {
    Packet packet = Flow{.options = 0}.build(0);
    for (unsigned words = 0; words < 16; ++words) {
        packet[0] = static_cast<std::byte>(0x40 | words);
        EXPECT_EQ(accepts({}, packet), words >= 5 && words <= 10) << words;
    }
}

TEST(HostPacketRefuses, AChecksumFieldOutsideThePacketOrInsideTheIpHeader) {
    const Flow flow;
    const Packet packet = flow.build(10);
    const auto accepts_field = [&](std::size_t start, std::size_t offset) {
        return accepts({.flags = VirtioHeader::kNeedsChecksum,
                        .checksum_start = static_cast<std::uint16_t>(start),
                        .checksum_offset = static_cast<std::uint16_t>(offset)},
                       packet);
    };
    EXPECT_TRUE(accepts_field(20, packet.size() - 22));
    EXPECT_FALSE(accepts_field(20, packet.size() - 21));
    EXPECT_TRUE(accepts_field(packet.size() - 2, 0));
    EXPECT_FALSE(accepts_field(packet.size() - 1, 0));
    EXPECT_FALSE(accepts_field(0xffff, 0xffff));
    EXPECT_FALSE(accepts_field(19, 16));
}

TEST(HostPacketRefuses, SegmentsOfNoBytesAndKindsThatWereNotOffered) {
    const Flow flow;
    const Packet packet = flow.build(1000);
    EXPECT_FALSE(accepts(test::segmented(flow, 0), packet));
    for (int type = 1; type < 0x80; ++type) {
        VirtioHeader header = test::segmented(flow, 100);
        header.gso_type = static_cast<std::uint8_t>(type);
        EXPECT_EQ(accepts(header, packet), type == VirtioHeader::kTcp4) << type;
    }
}

TEST(HostPacketRefuses, SegmentsOfAnotherProtocolThanThePacket) {
    for (const bool is_ipv6 : {false, true}) {
        const Flow tcp{.is_ipv6 = is_ipv6, .is_tcp = true};
        const Flow udp{.is_ipv6 = is_ipv6, .is_tcp = false};
        EXPECT_FALSE(accepts(test::segmented(tcp, 100), udp.build(1000)));
        EXPECT_FALSE(accepts(test::segmented(udp, 100), tcp.build(1000)));
        const Flow other{.is_ipv6 = !is_ipv6};
        EXPECT_FALSE(accepts(test::segmented(tcp, 100), other.build(1000)));
    }
}

TEST(HostPacketRefuses, ATcpHeaderThatIsTooShortOrLongerThanThePacket) {
    const Flow flow{.options = 0};
    Packet packet = flow.build(20);
    for (unsigned words = 0; words < 16; ++words) {
        packet[32] = static_cast<std::byte>(words << 4U);
        EXPECT_EQ(accepts(test::segmented(flow, 4), packet), words >= 5 && words <= 10) << words;
    }
}

TEST(HostPacketRefuses, ToSegmentAFragment) {
    const Flow flow;
    Packet packet = flow.build(1000);
    for (const unsigned word : {0x2000U, 0x0001U, 0x1fffU, 0x2001U}) {
        test::put16(packet, 6, word);
        EXPECT_FALSE(accepts(test::segmented(flow, 100), packet)) << word;
        EXPECT_TRUE(accepts({}, packet));
    }
    Packet ipv6 = Flow{.is_ipv6 = true}.build(1000);
    ipv6[6] = std::byte{44};
    EXPECT_FALSE(accepts(test::segmented({.is_ipv6 = true}, 100), ipv6));
}

TEST(HostPacketRefuses, AChainOfExtensionHeadersThatLeavesThePacketOrIsTooLong) {
    const Flow flow{.is_ipv6 = true};
    for (const std::size_t payload : {16U, 4000U}) {
        Packet packet = flow.build(payload);
        packet[6] = std::byte{0};
        std::fill(packet.begin() + 40, packet.end(), std::byte{0});  // hop-by-hop, for ever
        EXPECT_FALSE(accepts(test::segmented(flow, 100), packet));
        packet[41] = std::byte{0xff};
        EXPECT_FALSE(accepts(test::segmented(flow, 100), packet));
    }
}

}  // namespace
}  // namespace tollgate::agent

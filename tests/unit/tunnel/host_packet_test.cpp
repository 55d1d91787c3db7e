// SPDX-License-Identifier: MIT
#include "agent/tunnel/host_packet.hpp"

#include <random>

#include <gtest/gtest.h>

#include "tests/support/host_packets.hpp"

namespace tollgate::agent {
namespace {

using test::all_flows;
using test::Flow;
using test::Packet;

std::vector<Packet> split(const VirtioHeader& header, const Packet& packet) {
    return test::segments_of(test::with_header(header, packet));
}

TEST(HostPacket, GivesAWholePacketAsItIs) {
    for (const Flow& flow : all_flows()) {
        const Packet packet = flow.build(100);
        EXPECT_EQ(split({}, packet), std::vector<Packet>{packet});
    }
}

TEST(HostPacket, LeavesOutWhatFollowsThePacket) {
    for (const Flow& flow : all_flows()) {
        const Packet packet = flow.build(6);
        Packet padded = packet;
        padded.resize(packet.size() + 6);
        EXPECT_EQ(split({}, padded), std::vector<Packet>{packet});
    }
}

TEST(HostPacket, TellsAddressesAndTrafficClass) {
    for (Flow flow : all_flows()) {
        flow.traffic_class = 0xb9;
        const Packet bytes = test::with_header({}, flow.build(0));
        const auto host = HostPacket::read(bytes);
        ASSERT_TRUE(host);
        EXPECT_EQ(host->traffic_class(), 0xb9);
        EXPECT_EQ(host->source().is_ipv4(), !flow.is_ipv6);
        EXPECT_EQ(host->source().bytes[15], flow.is_ipv6 ? 0x2f : 0x23);
        EXPECT_EQ(host->destination().bytes[15], flow.is_ipv6 ? 0x4f : 0x43);
    }
}

TEST(HostPacket, FinishesAChecksum) {
    for (const Flow& flow : all_flows()) {
        const Packet packet = flow.build(101);
        Packet unfinished = packet;
        const std::size_t at = flow.ip_size();
        const std::size_t size = packet.size() - at;
        // What the kernel leaves in the field: the sum of the pseudo-header.
        test::put16(unfinished, flow.checksum_at(), 0);
        const auto whole = test::transport_sum(unfinished, at);
        const auto bytes = test::plain_sum(crypto::Bytes{unfinished}.subspan(at, size));
        test::put16(unfinished, flow.checksum_at(), (whole + 0xffffU - bytes) % 0xffffU);
        VirtioHeader header = test::segmented(flow, 0);
        header.gso_type = VirtioHeader::kWhole;
        EXPECT_EQ(split(header, unfinished), std::vector<Packet>{packet});
    }
}

TEST(HostPacket, CutsIntoSoundSegmentsOfAnySize) {
    std::mt19937 random{1};
    for (int i = 0; i < 300; ++i) {
        Flow flow{.is_ipv6 = random() % 2 != 0, .is_tcp = random() % 2 != 0};
        flow.options = 4 * (random() % 11);
        const std::size_t segment = 1 + random() % 2000;
        const std::size_t payload = 1 + random() % std::min<std::size_t>(64'000, 64 * segment);
        const Packet packet = flow.build(payload);
        const auto segments = split(test::segmented(flow, segment), packet);
        ASSERT_EQ(segments.size(), (payload + segment - 1) / segment);
        Packet joined(packet.begin(), packet.begin() + static_cast<int>(flow.headers()));
        for (const Packet& one : segments) {
            ASSERT_TRUE(test::is_sound(one));
            joined.insert(joined.end(), one.begin() + static_cast<int>(flow.headers()), one.end());
        }
        // Only its headers were made anew.
        ASSERT_TRUE(std::equal(joined.begin() + static_cast<int>(flow.headers()),
                               joined.end(),
                               packet.begin() + static_cast<int>(flow.headers())));
        ASSERT_EQ(joined.size(), packet.size());
    }
}

TEST(HostPacket, NumbersSegmentsOnFromTheFirst) {
    const Flow flow{.sequence = 0xffff'fe00, .id = 0xffff};
    const auto segments = split(test::segmented(flow, 500), flow.build(1300));
    ASSERT_EQ(segments.size(), 3U);
    EXPECT_EQ(segments[2].size(), flow.headers() + 300);
    for (std::uint32_t i = 0; i < 3; ++i) {
        EXPECT_EQ(test::get32(segments[i], 24), flow.sequence + i * 500);
        EXPECT_EQ(test::get16(segments[i], 4), static_cast<std::uint16_t>(flow.id + i));
    }
}

TEST(HostPacket, LeavesFinAndPshToTheLastAndCwrToTheFirst) {
    const Flow flow{.flags = 0x10 | 0x08 | 0x01 | 0x80 | 0x40};
    VirtioHeader header = test::segmented(flow, 100);
    header.gso_type |= VirtioHeader::kTcpHasCwr;
    const auto segments = split(header, flow.build(250));
    ASSERT_EQ(segments.size(), 3U);
    EXPECT_EQ(segments[0][33], std::byte{0x10 | 0x80 | 0x40});
    EXPECT_EQ(segments[1][33], std::byte{0x10 | 0x40});
    EXPECT_EQ(segments[2][33], std::byte{0x10 | 0x40 | 0x08 | 0x01});
}

TEST(HostPacket, KeepsASegmentThatFillsOnePacketWhole) {
    for (const Flow& flow : all_flows()) {
        const Packet packet = flow.build(500);
        EXPECT_EQ(split(test::segmented(flow, 500), packet), std::vector<Packet>{packet});
        EXPECT_EQ(split(test::segmented(flow, 499), packet).size(), 2U);
    }
}

TEST(HostPacket, BelievesNothingOfTheHeaderThatThePacketTellsItself) {
    const Flow flow;
    VirtioHeader header = test::segmented(flow, 100);
    const auto honest = split(header, flow.build(1000));
    header.header_size = 0xffff;
    header.checksum_start = 3;
    header.checksum_offset = 0xffff;
    header.flags = 0;
    EXPECT_EQ(split(header, flow.build(1000)), honest);
}

TEST(HostPacket, NeverWritesAUdpChecksumOfZero) {
    Flow flow{.is_ipv6 = true, .is_tcp = false};
    bool was_needed = false;
    for (int port = 0; port < 0x10000 && !was_needed; ++port) {
        flow.source_port = static_cast<std::uint16_t>(port);
        const auto segments = split(test::segmented(flow, 4), flow.build(8));
        ASSERT_NE(test::get16(segments[0], 46), 0);
        was_needed = test::get16(segments[0], 46) == 0xffff;
    }
    EXPECT_TRUE(was_needed);
}

TEST(HostPacket, SegmentsBehindExtensionHeadersThatLeaveTheAddresses) {
    const Flow flow{.is_ipv6 = true};
    Packet packet = flow.build(1000);
    // Hop-by-hop options: next header TCP, 8 bytes, PadN.
    const Packet options{std::byte{6}, {}, std::byte{1}, std::byte{4}, {}, {}, {}, {}};
    packet.insert(packet.begin() + 40, options.begin(), options.end());
    packet[6] = std::byte{0};
    test::put16(packet, 4, packet.size() - 40);
    const auto segments = split(test::segmented(flow, 400), packet);
    ASSERT_EQ(segments.size(), 3U);
    Packet plain = segments[0];
    plain.erase(plain.begin() + 40, plain.begin() + 48);
    plain[6] = std::byte{6};
    test::put16(plain, 4, plain.size() - 40);
    EXPECT_TRUE(test::is_sound(plain));
    packet[6] = packet[40] = std::byte{43};  // a routing header
    EXPECT_TRUE(split(test::segmented(flow, 400), packet).empty());
}

}  // namespace
}  // namespace tollgate::agent

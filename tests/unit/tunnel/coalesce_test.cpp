// SPDX-License-Identifier: MIT
#include "agent/tunnel/coalesce.hpp"

#include <random>

#include <gtest/gtest.h>

#include "agent/tunnel/host_packet.hpp"
#include "tests/support/host_packets.hpp"

namespace tollgate::agent {
namespace {

using test::all_flows;
using test::Flow;
using test::Packet;

/// What the host is given, one entry per write.
std::vector<Packet> join(std::vector<Packet> packets, bool joins_udp = true) {
    Coalescer coalescer{joins_udp};
    const std::vector<crypto::MutableBytes> views(packets.begin(), packets.end());
    std::vector<Packet> written;
    for (std::span<const crypto::MutableBytes> left{views}; !left.empty();) {
        left = left.subspan(coalescer.take(left));
        Packet bytes;
        for (const iovec& part : coalescer.parts()) {
            const auto* const begin = static_cast<const std::byte*>(part.iov_base);
            bytes.insert(bytes.end(), begin, begin + part.iov_len);
        }
        written.push_back(test::with_header(coalescer.header(), bytes));
    }
    return written;
}

/// What the host makes of that.
std::vector<Packet> split(const std::vector<Packet>& written) {
    std::vector<Packet> packets;
    for (const Packet& bytes : written) {
        const auto segments = test::segments_of(bytes);
        packets.insert(packets.end(), segments.begin(), segments.end());
    }
    return packets;
}

/// `count` packets that follow each other, the last of `last` bytes.
std::vector<Packet> run_of(Flow flow, std::size_t count, std::size_t last = 1000) {
    std::vector<Packet> packets;
    for (std::size_t i = 0; i < count; ++i) {
        packets.push_back(flow.build(i + 1 == count ? last : 1000));
        flow.sequence += 1000;
        ++flow.id;
    }
    return packets;
}

TEST(Coalescer, JoinsARunOfOneFlowIntoOne) {
    for (const Flow& flow : all_flows()) {
        const auto packets = run_of(flow, 10, 400);
        const auto written = join(packets);
        ASSERT_EQ(written.size(), 1U);
        EXPECT_EQ(written[0].size(), sizeof(VirtioHeader) + flow.headers() + 9400);
        EXPECT_EQ(split(written), packets);
    }
}

TEST(Coalescer, LeavesTheChecksumToTheHostInTheWayOfTheKernel) {
    for (const Flow& flow : all_flows()) {
        const auto written = join(run_of(flow, 3));
        VirtioHeader header;
        std::memcpy(&header, written[0].data(), sizeof header);
        const crypto::Bytes packet = crypto::Bytes{written[0]}.subspan(sizeof header);
        EXPECT_EQ(header.flags, VirtioHeader::kNeedsChecksum);
        EXPECT_EQ(header.gso_type, test::segmented(flow, 0).gso_type);
        EXPECT_EQ(header.header_size, flow.headers());
        EXPECT_EQ(header.segment_size, 1000);
        EXPECT_EQ(header.checksum_start, flow.ip_size());
        EXPECT_EQ(header.checksum_start + header.checksum_offset, flow.checksum_at());
        // The pseudo-header's sum is in the field: with it, the sum is of header and field twice.
        const auto payload = test::plain_sum(packet.subspan(flow.ip_size()));
        const auto field = test::get16(packet, flow.checksum_at());
        EXPECT_EQ((test::transport_sum(packet, flow.ip_size()) + 0xffffU - payload) % 0xffffU,
                  field);
    }
}

TEST(Coalescer, GivesASinglePacketAsItCame) {
    for (const Flow& flow : all_flows()) {
        const Packet packet = flow.build(1000);
        EXPECT_EQ(join({packet}), std::vector<Packet>{test::with_header({}, packet)});
    }
}

TEST(Coalescer, EndsARunWithAShorterPacketButNotWithALongerOne) {
    Flow flow;
    auto packets = run_of(flow, 3, 999);
    flow.sequence += 2999;
    flow.id = static_cast<std::uint16_t>(flow.id + 3);
    packets.push_back(flow.build(999));
    EXPECT_EQ(join(packets).size(), 2U);
    flow.sequence += 999;
    packets.push_back(flow.build(1000));
    EXPECT_EQ(join(packets).size(), 3U);
    EXPECT_EQ(split(join(packets)), packets);
}

TEST(Coalescer, EndsARunWithPshAndWithFin) {
    for (const std::uint8_t flag : {std::uint8_t{0x08}, std::uint8_t{0x01}}) {
        Flow flow;
        auto packets = run_of(flow, 2);
        flow.sequence += 2000;
        flow.id = static_cast<std::uint16_t>(flow.id + 2);
        flow.flags |= flag;
        packets.push_back(flow.build(1000));
        flow.sequence += 1000;
        flow.flags = 0x10;
        packets.push_back(flow.build(1000));
        const auto written = join(packets);
        EXPECT_EQ(written.size(), 2U);
        EXPECT_EQ(split(written), packets);
    }
}

TEST(Coalescer, JoinsNoUdpForAKernelThatDoesNotKnowIt) {
    const auto packets = run_of({.is_tcp = false}, 5);
    EXPECT_EQ(join(packets, false).size(), 5U);
    EXPECT_EQ(split(join(packets, false)), packets);
}

TEST(Coalescer, JoinsNoMoreThan64PacketsOr65535Bytes) {
    for (Flow flow : all_flows()) {
        EXPECT_EQ(join(run_of(flow, 65)).size(), 2U);
        flow.options = flow.is_tcp ? 0 : flow.options;
        std::vector<Packet> packets;
        for (int i = 0; i < 3; ++i) {
            packets.push_back(flow.build(30'000));
            flow.sequence += 30'000;
            ++flow.id;
        }
        EXPECT_EQ(join(packets).size(), 2U);
        EXPECT_EQ(split(join(packets)), packets);
    }
}

// A wrong checksum must reach the host in a packet of its own: of a joined one it looks at none.
TEST(Coalescer, NeverMakesAWrongChecksumRight) {
    std::mt19937 random{1};
    for (const Flow& flow : all_flows()) {
        for (std::size_t bad = 0; bad < 5; ++bad) {
            auto packets = run_of(flow, 5);
            const std::size_t at = flow.headers() + random() % 1000;
            packets[bad][at] ^= static_cast<std::byte>(1 + random() % 255);
            const auto written = join(packets);
            const Packet alone = test::with_header({}, packets[bad]);
            EXPECT_EQ(std::count(written.begin(), written.end(), alone), 1) << bad;
            EXPECT_EQ(split(written), packets);
        }
    }
}

TEST(Coalescer, NeverMakesAWrongIpv4ChecksumRight) {
    auto packets = run_of({}, 3);
    packets[1][10] ^= std::byte{1};
    EXPECT_EQ(join(packets).size(), 3U);
    EXPECT_EQ(split(join(packets)), packets);
}

TEST(Coalescer, NeverInventsAUdpChecksum) {
    auto packets = run_of({.is_tcp = false}, 3);
    for (Packet& packet : packets) {
        test::put16(packet, 26, 0);
    }
    EXPECT_EQ(join(packets).size(), 3U);
    EXPECT_EQ(split(join(packets)), packets);
}

// What the host gets by segmenting is what came, whatever came. (The identification of a packet
// that may not be fragmented has no meaning; here it counts on, as the kernel does it.)
TEST(Coalescer, IsUndoneBySegmentingWhateverCame) {
    std::mt19937 random{7};
    std::size_t came = 0;
    std::size_t written = 0;
    for (int i = 0; i < 1000; ++i) {
        std::vector<Packet> packets;
        Flow flow{.is_ipv6 = random() % 2 != 0, .is_tcp = random() % 2 != 0};
        flow.may_fragment = random() % 2 != 0;
        const std::size_t segment = 1 + random() % 1400;
        for (std::size_t count = 1 + random() % 12; count > 0; --count) {
            const bool is_odd = random() % 8 == 0;
            const std::size_t payload = is_odd ? random() % 1400 : segment;
            flow.flags = random() % 16 == 0 ? static_cast<std::uint8_t>(random()) : 0x10;
            flow.source_port = random() % 16 == 0 ? 1 : 2;
            flow.window = random() % 16 == 0 ? 3 : 4;
            packets.push_back(flow.build(payload));
            flow.sequence += static_cast<std::uint32_t>(payload);
            ++flow.id;
        }
        came += packets.size();
        const auto joined = join(packets);
        written += joined.size();
        ASSERT_EQ(split(joined), packets) << i;
    }
    EXPECT_LT(written, came / 2);
}

}  // namespace
}  // namespace tollgate::agent

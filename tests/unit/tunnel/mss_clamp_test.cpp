// SPDX-License-Identifier: MIT
#include "agent/tunnel/mss_clamp.hpp"

#include <gmock/gmock.h>

#include "tests/support/frame.hpp"
#include "tests/support/tunnel_lab.hpp"

namespace tollgate::test {
namespace {

constexpr std::uint8_t kSyn = 0x02;
constexpr std::uint8_t kAck = 0x10;
constexpr std::size_t kMtu = 1420;

/// A segment with options as they are on the wire, padded to a multiple of four bytes.
Datagram segment(std::uint8_t flags, Datagram options) {
    options.resize((options.size() + 3) / 4 * 4);
    Datagram bytes(20 + options.size());
    put16(bytes, 0, 40000);
    put16(bytes, 2, 443);
    put8(bytes, 12, static_cast<unsigned>((20 + options.size()) / 4) << 4U);
    put8(bytes, 13, flags);
    std::copy(options.begin(), options.end(), bytes.begin() + 20);
    return bytes;
}

Datagram packet4(std::uint8_t flags, const Datagram& options) {
    return ip_packet({ip("10.0.0.1"), ip("10.0.0.2"), IPPROTO_TCP}, segment(flags, options));
}

Datagram packet6(std::uint8_t flags, const Datagram& options) {
    return ip_packet({ip("fd00::1"), ip("fd00::2"), IPPROTO_TCP}, segment(flags, options));
}

Datagram mss(unsigned size) {
    return bytes({2, 4, size >> 8U, size & 0xffU});
}

Datagram clamped(Datagram packet, std::size_t mtu = kMtu) {
    agent::clamp_mss(packet, mtu);
    return packet;
}

// What ip_packet() makes has a checksum that is computed over everything.
// Case W32
TEST(MssClamp, LowersWhatSynAndSynAckAskForWithTheRightChecksum) {
    for (const std::uint8_t flags : {kSyn, static_cast<std::uint8_t>(kSyn | kAck)}) {
        EXPECT_EQ(clamped(packet4(flags, mss(1460))), packet4(flags, mss(1380)));
        EXPECT_EQ(clamped(packet6(flags, mss(1440))), packet6(flags, mss(1360)));
    }
}

TEST(MssClamp, TheChecksumIsRightForEverySizeAndPlace) {
    for (unsigned size = 1381; size <= 0xffff; size += 101) {
        for (const std::size_t before : {0U, 1U, 2U, 3U}) {
            Datagram options(before, std::byte{1});
            Datagram lower = options;
            const Datagram from = mss(size);
            const Datagram to = mss(1380);
            options.insert(options.end(), from.begin(), from.end());
            lower.insert(lower.end(), to.begin(), to.end());
            ASSERT_EQ(clamped(packet4(kSyn, options)), packet4(kSyn, lower)) << size << before;
        }
    }
}

TEST(MssClamp, LeavesWhatFits) {
    EXPECT_EQ(clamped(packet4(kSyn, mss(1380))), packet4(kSyn, mss(1380)));
    EXPECT_EQ(clamped(packet4(kSyn, mss(1381))), packet4(kSyn, mss(1380)));
    EXPECT_EQ(clamped(packet6(kSyn, mss(1360))), packet6(kSyn, mss(1360)));
    EXPECT_EQ(clamped(packet4(kSyn, mss(536)), 576), packet4(kSyn, mss(536)));
}

TEST(MssClamp, LeavesEverythingElse) {
    Datagram fragment = packet4(kSyn, mss(1460));
    put8(fragment, 7, 1);
    const Datagram udp_packet = inner_packet("10.0.0.1", "10.0.0.2", 100);
    for (const Datagram& packet : {packet4(kAck, mss(1460)),
                                   packet4(kSyn, {}),
                                   packet4(kSyn, bytes({0, 2, 4, 5, 180})),
                                   packet4(kSyn, bytes({3, 0, 2, 4, 5, 180})),
                                   packet4(kSyn, bytes({2, 3, 180})),
                                   packet4(kSyn, bytes({1, 1, 1, 2})),
                                   fragment,
                                   udp_packet}) {
        EXPECT_EQ(clamped(packet), packet);
    }
    EXPECT_EQ(clamped(packet4(kSyn, mss(1460)), 40), packet4(kSyn, mss(1460)));
}

TEST(MssClamp, EveryTruncationIsSafe) {
    const Datagram whole = packet4(kSyn, mss(1460));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const Datagram cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_EQ(clamped(cut), cut);
    }
}

// Case W32
TEST(MssClamp, HoldsInBothDirectionsOfATunnel) {
    TunnelLab lab;
    const auto syn = [](const char* from, const char* to, unsigned size) {
        return ip_packet({ip(from), ip(to), IPPROTO_TCP}, segment(kSyn, mss(size)));
    };
    const auto send = [&](TunnelHost& host, const Datagram& packet) {
        host.port->to_send.push_back(packet);
        host.device->worker().port_is_readable(host.now());
        lab.settle();
    };
    for (int i = 0; i < 2; ++i) {  // the first one waits for the handshake
        send(lab.left, syn("10.0.0.1", "10.0.0.2", 1460));
        EXPECT_EQ(lab.right.port->received.back(), syn("10.0.0.1", "10.0.0.2", 1380));
    }
    lab.right.port->size = 1280;
    send(lab.right, syn("10.0.0.2", "10.0.0.1", 1300));
    EXPECT_EQ(lab.left.port->received.back(), syn("10.0.0.2", "10.0.0.1", 1240));
    send(lab.left, syn("10.0.0.1", "10.0.0.2", 1300));
    EXPECT_EQ(lab.right.port->received.back(), syn("10.0.0.1", "10.0.0.2", 1240));
}

}  // namespace
}  // namespace tollgate::test

// SPDX-License-Identifier: MIT
#include "bench/frame.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>

namespace tollgate::bench {
namespace {

constexpr std::uint16_t kDontFragment = 0x4000;
constexpr std::uint8_t kTimeToLive = 64;
constexpr std::size_t kHeaders = sizeof(ethhdr) + sizeof(iphdr) + sizeof(udphdr);
// 02:00:00:00:99:01 and :02, as bench/lab.py gives them.
constexpr std::array<std::uint8_t, ETH_ALEN> kSourceMac{2, 0, 0, 0, 0x99, 1};
constexpr std::array<std::uint8_t, ETH_ALEN> kTargetMac{2, 0, 0, 0, 0x99, 2};

/// RFC 1071, of an even number of bytes.
std::uint16_t checksum(std::span<const std::uint8_t> bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); i += 2) {
        sum += static_cast<std::uint32_t>(bytes[i] << 8U | bytes[i + 1]);
    }
    sum = (sum & 0xffffU) + (sum >> 16U);
    return static_cast<std::uint16_t>(~(sum + (sum >> 16U)));
}

}  // namespace

std::vector<std::uint8_t> udp_frame(const Ends& ends, std::span<const std::byte> payload) {
    std::vector<std::uint8_t> frame(kHeaders + payload.size());
    ethhdr ethernet{};
    std::memcpy(ethernet.h_dest, kTargetMac.data(), ETH_ALEN);
    std::memcpy(ethernet.h_source, kSourceMac.data(), ETH_ALEN);
    ethernet.h_proto = htons(ETH_P_IP);
    iphdr ip{};
    ip.version = 4;
    ip.ihl = sizeof ip / 4;
    ip.ttl = kTimeToLive;
    ip.protocol = IPPROTO_UDP;
    ip.frag_off = htons(kDontFragment);
    ip.tot_len = htons(static_cast<std::uint16_t>(frame.size() - sizeof ethernet));
    ip.saddr = htonl(ends.source);
    ip.daddr = htonl(ends.destination);
    udphdr udp{};
    udp.source = htons(ends.source_port);
    udp.dest = htons(ends.destination_port);
    udp.len = htons(static_cast<std::uint16_t>(frame.size() - sizeof ethernet - sizeof ip));
    std::memcpy(frame.data(), &ethernet, sizeof ethernet);
    std::memcpy(frame.data() + sizeof ethernet, &ip, sizeof ip);
    std::memcpy(frame.data() + sizeof ethernet + sizeof ip, &udp, sizeof udp);
    const std::uint16_t sum = htons(checksum(std::span{frame}.subspan(sizeof ethernet, sizeof ip)));
    std::memcpy(frame.data() + sizeof ethernet + offsetof(iphdr, check), &sum, sizeof sum);
    std::ranges::copy(std::as_bytes(payload),
                      std::as_writable_bytes(std::span{frame}.last(payload.size())).begin());
    return frame;
}

Frame udp_frame(const Ends& ends) {
    constexpr std::array<std::byte, std::tuple_size_v<Frame> - kHeaders> kZeros{};
    Frame frame{};
    std::ranges::copy(udp_frame(ends, kZeros), frame.begin());
    return frame;
}

}  // namespace tollgate::bench

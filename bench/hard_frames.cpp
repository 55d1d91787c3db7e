// SPDX-License-Identifier: MIT
#include "bench/hard_frames.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include <linux/if_ether.h>

namespace tollgate::bench {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kLayer3Byte = 10;  // of the source MAC, byte 4
constexpr std::size_t kUdpBytes = 8;
constexpr std::uint8_t kTimeToLive = 64;
constexpr std::uint16_t kSourcePort = 40000;
constexpr std::uint16_t kMoreFragments = 0x2000;
constexpr std::uint16_t kLater = 100;  // an offset, of 8 bytes each
constexpr std::uint8_t kDestinationOptions = 60;
constexpr std::uint8_t kFragment = 44;

struct Shape {
    std::string_view name;
    flood_layer3 layer3;
    unsigned tags = 0;
    unsigned extensions = 0;         // IPv6: headers of destination options
    std::uint16_t offset_flags = 0;  // IPv4: of the header
    bool later_fragment = false;     // IPv6
};

constexpr std::array<Shape, FLOOD_SHAPES_MAX> kShapes{{
    {"2-tags", FLOOD_IPV4_AT_22, 2},
    {"4-tags", FLOOD_IPV4_AT_30, 4},
    {"8-extensions", FLOOD_IPV6_AT_14, 0, 8},
    {"2-tags-8-extensions", FLOOD_IPV6_AT_22, 2, 8},
    {"9-extensions", FLOOD_IPV6_AT_14, 0, 9},
    {"first-fragment", FLOOD_IPV4_AT_14, 0, 0, kMoreFragments},
    {"later-fragment", FLOOD_IPV4_AT_14, 0, 0, kLater},
    {"later-fragment-ipv6", FLOOD_IPV6_AT_14, 0, 0, 0, true},
}};

void put16(Bytes& bytes, unsigned value) {
    bytes.push_back(static_cast<std::uint8_t>(value >> 8U));
    bytes.push_back(static_cast<std::uint8_t>(value));
}

void put_udp(Bytes& bytes, std::uint16_t port) {
    put16(bytes, kSourcePort);
    put16(bytes, port);
    put16(bytes, kUdpBytes);
    put16(bytes, 0);
}

// Without source and checksum: flood.bpf.c sets both.
void put_ipv4(Bytes& bytes, const Shape& shape, in_addr_t destination) {
    constexpr std::size_t kHeader = 20;
    bytes.insert(bytes.end(), {0x45, 0});
    put16(bytes, kHeader + kUdpBytes);
    put16(bytes, 1);  // identification
    put16(bytes, shape.offset_flags);
    bytes.insert(bytes.end(), {kTimeToLive, IPPROTO_UDP, 0, 0, 0, 0, 0, 0});
    put16(bytes, destination >> 16U);
    put16(bytes, destination);
}

// 2001:db8::, of which flood.bpf.c sets the last four bytes, to 2001:db8::2.
void put_ipv6(Bytes& bytes, const Shape& shape) {
    constexpr std::size_t kExtension = 8;
    const std::size_t headers = shape.extensions + (shape.later_fragment ? 1 : 0);
    const std::uint8_t chain = shape.later_fragment ? kFragment : kDestinationOptions;
    bytes.insert(bytes.end(), {0x60, 0, 0, 0});
    put16(bytes, static_cast<unsigned>(headers * kExtension + kUdpBytes));
    bytes.insert(bytes.end(), {chain, kTimeToLive});
    for (const std::uint8_t last : {std::uint8_t{0}, std::uint8_t{2}}) {
        bytes.insert(bytes.end(), {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last});
    }
    for (std::size_t i = 1; i <= headers; ++i) {
        bytes.insert(bytes.end(), {i == headers ? std::uint8_t{IPPROTO_UDP} : chain, 0});
        if (shape.later_fragment) {
            put16(bytes, kLater << 3U);
            bytes.insert(bytes.end(), {0, 0, 0, 1});
        } else {
            bytes.insert(bytes.end(), {1, 4, 0, 0, 0, 0});  // PadN
        }
    }
}

HardFrame frame_of(const Shape& shape, in_addr_t destination, std::uint16_t port) {
    const bool ipv6 = shape.layer3 >= FLOOD_IPV6_AT_14;
    // To and from the MAC addresses of bench/lab.py, but for the last two bytes of the source.
    Bytes bytes{2, 0, 0, 0, 0x99, 2, 2, 0, 0, 0, 0, 0};
    bytes.at(kLayer3Byte) = static_cast<std::uint8_t>(shape.layer3);
    for (unsigned tag = 1; tag <= shape.tags; ++tag) {
        put16(bytes, ETH_P_8021Q);
        put16(bytes, tag);
    }
    put16(bytes, ipv6 ? ETH_P_IPV6 : ETH_P_IP);
    if (ipv6) {
        put_ipv6(bytes, shape);
    } else {
        put_ipv4(bytes, shape, destination);
    }
    put_udp(bytes, port);
    HardFrame frame{shape.name, {}};
    std::ranges::copy(bytes, frame.bytes.begin());
    return frame;
}

}  // namespace

std::array<HardFrame, FLOOD_SHAPES_MAX> hard_frames(in_addr_t destination, std::uint16_t port) {
    std::array<HardFrame, FLOOD_SHAPES_MAX> frames{};
    std::ranges::transform(kShapes, frames.begin(), [&](const Shape& shape) {
        return frame_of(shape, destination, port);
    });
    return frames;
}

}  // namespace tollgate::bench

// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

/// Where the fields of the headers are that the data path reads and rewrites; offsets in bytes.
namespace tollgate::agent::wire {

/// A number in network byte order.
[[nodiscard]] constexpr std::uint16_t load16(const std::byte* at) {
    return static_cast<std::uint16_t>(std::to_integer<unsigned>(at[0]) << 8U |
                                      std::to_integer<unsigned>(at[1]));
}
[[nodiscard]] constexpr std::uint32_t load32(const std::byte* at) {
    return std::uint32_t{load16(at)} << 16U | load16(at + 2);
}
constexpr void store16(std::byte* at, std::size_t number) {
    at[0] = static_cast<std::byte>(number >> 8U);
    at[1] = static_cast<std::byte>(number);
}
constexpr void store32(std::byte* at, std::uint32_t number) {
    store16(at, number >> 16U);
    store16(at + 2, number & 0xffffU);
}

inline constexpr std::uint8_t kTcp = 6;
inline constexpr std::uint8_t kUdp = 17;

namespace ipv4 {  // RFC 791
inline constexpr std::size_t kTotalLength = 2;
inline constexpr std::size_t kId = 4;
inline constexpr std::size_t kFragment = 6;
inline constexpr std::size_t kTtl = 8;
inline constexpr std::size_t kProtocol = 9;
inline constexpr std::size_t kChecksum = 10;
inline constexpr std::size_t kSource = 12;
inline constexpr std::size_t kMinSize = 20;
inline constexpr std::uint16_t kDontFragment = 0x4000;
inline constexpr std::uint16_t kFragmented = 0x3fff;  ///< more fragments, or not the first
}  // namespace ipv4

namespace ipv6 {  // RFC 8200
inline constexpr std::size_t kPayloadLength = 4;
inline constexpr std::size_t kNextHeader = 6;
inline constexpr std::size_t kHopLimit = 7;
inline constexpr std::size_t kSource = 8;
inline constexpr std::size_t kSize = 40;
}  // namespace ipv6

namespace tcp {  // RFC 9293
inline constexpr std::size_t kSequence = 4;
inline constexpr std::size_t kAck = 8;
inline constexpr std::size_t kDataOffset = 12;
inline constexpr std::size_t kFlags = 13;
inline constexpr std::size_t kChecksum = 16;
inline constexpr std::size_t kMinSize = 20;
inline constexpr std::byte kFin{0x01};
inline constexpr std::byte kSyn{0x02};
inline constexpr std::byte kPsh{0x08};
inline constexpr std::byte kAckFlag{0x10};
inline constexpr std::byte kEce{0x40};
inline constexpr std::byte kCwr{0x80};
}  // namespace tcp

namespace udp {  // RFC 768
inline constexpr std::size_t kDestinationPort = 2;
inline constexpr std::size_t kLength = 4;
inline constexpr std::size_t kChecksum = 6;
inline constexpr std::size_t kSize = 8;
}  // namespace udp

}  // namespace tollgate::agent::wire

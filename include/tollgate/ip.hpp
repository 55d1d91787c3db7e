// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tollgate {

/// An IPv4 or IPv6 address; 16 bytes in network order, IPv4 mapped (::ffff:a.b.c.d), as in
/// tg_flow_key.
struct IpAddress {
    std::array<std::uint8_t, 16> bytes{};

    [[nodiscard]] bool is_ipv4() const;
    /// 224.0.0.0/4, ff00::/8.
    [[nodiscard]] bool is_multicast() const;
    /// 169.254.0.0/16, fe80::/10.
    [[nodiscard]] bool is_link_local() const;
    /// RFC 1918, fc00::/7 and link-local: an address of the local network.
    [[nodiscard]] bool is_private() const;

    /// "192.0.2.1" or RFC 5952 form.
    [[nodiscard]] std::string to_string() const;
    /// Accepts what to_string() writes and any IPv6 form of RFC 4291; no zone, no leading zeroes in
    /// IPv4, no IPv4-mapped IPv6 text.
    [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);

    auto operator<=>(const IpAddress&) const = default;
};

/// A CIDR block. Host bits are zero.
struct Prefix {
    IpAddress address;
    std::uint8_t length = 128;  ///< of the 16 bytes: an IPv4 /24 has 120

    /// An IPv6 prefix, ::/0 too, never holds an IPv4 address.
    [[nodiscard]] bool contains(const IpAddress& other) const;
    [[nodiscard]] bool contains(const Prefix& other) const;
    /// A single address.
    [[nodiscard]] bool is_host() const { return length == 128; }

    /// "192.0.2.0/24"; a single address without its length.
    [[nodiscard]] std::string to_string() const;
    /// The block of `length` bits (of the 16 bytes) that holds `address`: host bits are cleared.
    /// @pre at least 96 for an IPv4 address, at most 128
    [[nodiscard]] static Prefix covering(const IpAddress& address, std::uint8_t length);
    /// Accepts "ADDRESS" and "ADDRESS/LENGTH"; refuses host bits that are set.
    [[nodiscard]] static std::optional<Prefix> parse(std::string_view text);

    auto operator<=>(const Prefix&) const = default;
};

struct MacAddress {
    std::array<std::uint8_t, 6> bytes{};

    [[nodiscard]] bool is_group() const { return (bytes[0] & 1U) != 0; }
    /// "02:00:00:00:00:01"
    [[nodiscard]] std::string to_string() const;
    /// Six pairs of hexadecimal digits, in either case, with ':' or '-' between them.
    [[nodiscard]] static std::optional<MacAddress> parse(std::string_view text);

    auto operator<=>(const MacAddress&) const = default;
};

}  // namespace tollgate

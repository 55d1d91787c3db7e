// SPDX-License-Identifier: MIT
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdio>

#include <arpa/inet.h>

#include <tollgate/ip.hpp>

namespace tollgate {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::uint8_t kMappedBits = 96;

// The first `length` bits of `bytes`, the rest zero.
std::array<std::uint8_t, 16> masked(std::array<std::uint8_t, 16> bytes, std::uint8_t length) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const int bits = std::clamp(static_cast<int>(length) - static_cast<int>(8 * i), 0, 8);
        bytes[i] = static_cast<std::uint8_t>(bytes[i] & (0xff00U >> static_cast<unsigned>(bits)));
    }
    return bytes;
}

// A decimal number without sign, leading zeroes or anything else, at most `max`.
std::optional<std::uint8_t> decimal(std::string_view text, unsigned max) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool padded = text.size() > 1 && text.front() == '0';
    if (error != std::errc{} || end != text.data() + text.size() || padded || value > max) {
        return std::nullopt;
    }
    return static_cast<std::uint8_t>(value);
}

std::optional<IpAddress> parse_ipv4(std::string_view text) {
    IpAddress address;
    std::copy(kMapped.begin(), kMapped.end(), address.bytes.begin());
    for (std::size_t i = kMapped.size(); i < address.bytes.size(); ++i) {
        const bool last = i + 1 == address.bytes.size();
        const std::size_t dot = last ? text.size() : text.find('.');
        if (dot == std::string_view::npos) {
            return std::nullopt;
        }
        const auto byte = decimal(text.substr(0, dot), 255);
        if (!byte) {
            return std::nullopt;
        }
        address.bytes[i] = *byte;
        text.remove_prefix(last ? dot : dot + 1);
    }
    return address;
}

std::optional<std::uint8_t> hex_pair(std::string_view text) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (text.size() != 2 || error != std::errc{} || end != text.data() + 2) {
        return std::nullopt;
    }
    return static_cast<std::uint8_t>(value);
}

}  // namespace

bool IpAddress::is_ipv4() const {
    return std::equal(kMapped.begin(), kMapped.end(), bytes.begin());
}

bool IpAddress::is_multicast() const {
    return is_ipv4() ? (bytes[12] & 0xf0U) == 0xe0 : bytes[0] == 0xff;
}

bool IpAddress::is_link_local() const {
    return is_ipv4() ? bytes[12] == 169 && bytes[13] == 254
                     : bytes[0] == 0xfe && (bytes[1] & 0xc0U) == 0x80;
}

bool IpAddress::is_private() const {
    if (is_link_local()) {
        return true;
    }
    if (!is_ipv4()) {
        return (bytes[0] & 0xfeU) == 0xfc;
    }
    return bytes[12] == 10 || (bytes[12] == 172 && (bytes[13] & 0xf0U) == 16) ||
           (bytes[12] == 192 && bytes[13] == 168);
}

std::string IpAddress::to_string() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (is_ipv4()) {
        inet_ntop(AF_INET, bytes.data() + kMapped.size(), text.data(), text.size());
    } else {
        inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
    }
    return text.data();
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    if (text.find(':') == std::string_view::npos) {
        return parse_ipv4(text);
    }
    IpAddress address;
    if (text.find('\0') != std::string_view::npos) {
        return std::nullopt;
    }
    const std::string terminated(text);  // inet_pton wants a NUL
    if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) != 1 || address.is_ipv4()) {
        return std::nullopt;
    }
    return address;
}

bool Prefix::contains(const IpAddress& other) const {
    const bool same_family = other.is_ipv4() == address.is_ipv4();  // ::/0 holds no IPv4
    return same_family && masked(other.bytes, length) == address.bytes;
}

bool Prefix::contains(const Prefix& other) const {
    return other.length >= length && contains(other.address);
}

std::string Prefix::to_string() const {
    if (is_host()) {
        return address.to_string();
    }
    const int shown = address.is_ipv4() && length >= kMappedBits ? length - kMappedBits : length;
    return address.to_string() + "/" + std::to_string(shown);
}

Prefix Prefix::covering(const IpAddress& address, std::uint8_t length) {
    return {IpAddress{masked(address.bytes, length)}, length};
}

std::optional<Prefix> Prefix::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = IpAddress::parse(text.substr(0, slash));
    if (!address) {
        return std::nullopt;
    }
    Prefix prefix{*address, 128};
    if (slash == std::string_view::npos) {
        return prefix;
    }
    const unsigned family_bits = address->is_ipv4() ? 32 : 128;
    const auto length = decimal(text.substr(slash + 1), family_bits);
    if (!length) {
        return std::nullopt;
    }
    prefix.length = static_cast<std::uint8_t>(*length + 128 - family_bits);
    if (masked(address->bytes, prefix.length) != address->bytes) {
        return std::nullopt;
    }
    return prefix;
}

std::string MacAddress::to_string() const {
    std::array<char, 18> text{};
    static_cast<void>(std::snprintf(text.data(),
                                    text.size(),
                                    "%02x:%02x:%02x:%02x:%02x:%02x",
                                    bytes[0],
                                    bytes[1],
                                    bytes[2],
                                    bytes[3],
                                    bytes[4],
                                    bytes[5]));
    return text.data();
}

std::optional<MacAddress> MacAddress::parse(std::string_view text) {
    constexpr std::size_t kLength = 17;
    if (text.size() != kLength) {
        return std::nullopt;
    }
    MacAddress mac;
    for (std::size_t i = 0; i < mac.bytes.size(); ++i) {
        const auto byte = hex_pair(text.substr(3 * i, 2));
        const bool separated = i == 0 || text[3 * i - 1] == ':' || text[3 * i - 1] == '-';
        if (!byte || !separated) {
            return std::nullopt;
        }
        mac.bytes[i] = *byte;
    }
    return mac;
}

}  // namespace tollgate

// SPDX-License-Identifier: MIT
#include "agent/tunnel/tunnel_config.hpp"

#include <charconv>

namespace tollgate::agent {
namespace {

constexpr std::uint8_t kAllBits = 128;

// The bits of an address, and how many of the 128 come before them.
std::uint8_t family_bits(const IpAddress& address) {
    return address.is_ipv4() ? 32 : kAllBits;
}

}  // namespace

std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t max) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool padded = text.size() > 1 && text.front() == '0';
    if (error != std::errc{} || end != text.data() + text.size() || padded || value > max) {
        return std::nullopt;
    }
    return value;
}

std::optional<Prefix> parse_allowed_ip(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = IpAddress::parse(text.substr(0, slash));
    if (!address) {
        return std::nullopt;
    }
    const std::uint8_t bits = family_bits(*address);
    const auto length = slash == std::string_view::npos
                            ? std::optional<std::uint32_t>{bits}
                            : parse_number(text.substr(slash + 1), bits);
    if (!length) {
        return std::nullopt;
    }
    return Prefix::covering(*address, static_cast<std::uint8_t>(kAllBits - bits + *length));
}

std::string format_allowed_ip(const Prefix& prefix) {
    const int length = prefix.length - kAllBits + family_bits(prefix.address);
    return prefix.address.to_string() + "/" + std::to_string(length);
}

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#include "agent/support/pseudonyms.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <span>

#include <fmt/format.h>

#include "crypto/blake2s.hpp"

namespace tollgate::agent {
namespace {

constexpr std::size_t kAddressBits = 128;
constexpr std::size_t kIpv4 = 96;  // bits in front of an IPv4 address
constexpr std::byte kAddressDomain{1};
constexpr std::byte kMacDomain{2};
constexpr std::byte kKeyDomain{3};

/// Of addresses in `range`, the first so many bits stay. The first range that fits counts.
struct Kept {
    const char* range;
    std::size_t bits;
};
constexpr std::array kKept{Kept{"0.0.0.0", kAddressBits},
                           Kept{"127.0.0.0/8", kAddressBits},
                           Kept{"255.255.255.255", kAddressBits},
                           Kept{"224.0.0.0/24", kAddressBits},
                           Kept{"239.255.255.250", kAddressBits},  // SSDP
                           Kept{"10.0.0.0/8", kIpv4 + 8},
                           Kept{"172.16.0.0/12", kIpv4 + 12},
                           Kept{"192.168.0.0/16", kIpv4 + 16},
                           Kept{"169.254.0.0/16", kIpv4 + 16},
                           Kept{"100.64.0.0/10", kIpv4 + 10},
                           Kept{"224.0.0.0/4", kIpv4 + 4},
                           Kept{"::", kAddressBits},
                           Kept{"::1", kAddressBits},
                           Kept{"ff02::1:ff00:0/104", 104},  // holds a part of an address
                           Kept{"ff00::/12", kAddressBits},
                           Kept{"ff00::/8", 16},
                           Kept{"fe80::/64", 64},
                           Kept{"fe80::/10", 10},
                           Kept{"fc00::/7", 8},
                           Kept{"2000::/3", 3}};

std::size_t kept_bits(const IpAddress& address) {
    static const auto kRanges = [] {
        std::array<Prefix, kKept.size()> parsed;
        std::ranges::transform(kKept, parsed.begin(), [](const Kept& kept) {
            return Prefix::parse(kept.range).value_or(Prefix{});
        });
        return parsed;
    }();
    for (std::size_t i = 0; i < kRanges.size(); ++i) {
        if (kRanges.at(i).contains(address)) {
            return kKept.at(i).bits;
        }
    }
    return address.is_ipv4() ? kIpv4 : 0;
}

bool stays(const MacAddress& mac) {
    using Begin = std::array<std::uint8_t, 5>;
    constexpr std::array kWellKnown{Begin{0x01, 0x00, 0x5e, 0x00, 0x00},
                                    Begin{0x33, 0x33, 0x00, 0x00, 0x00},
                                    Begin{0x01, 0x80, 0xc2, 0x00, 0x00}};
    const auto all = [&](std::uint8_t value) {
        return std::ranges::all_of(mac.bytes, [&](std::uint8_t byte) { return byte == value; });
    };
    return all(0) || all(UINT8_MAX) || std::ranges::any_of(kWellKnown, [&](const Begin& begin) {
               return std::equal(begin.begin(), begin.end(), mac.bytes.begin());
           });
}

std::string lower(std::string_view text) {
    std::string made{text};
    std::ranges::transform(
        made, made.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return made;
}

}  // namespace

void Pseudonyms::permute(std::byte* bytes,
                         std::size_t size,
                         std::size_t first,
                         std::byte domain) const {
    std::array<std::byte, 18> input{domain};  // what for, which bit, the bits before it
    for (std::size_t bit = 0; bit < size * 8; ++bit) {
        const std::byte mask{static_cast<std::uint8_t>(0x80U >> (bit % 8))};
        const std::byte was = bytes[bit / 8] & mask;
        if (bit >= first) {
            input[1] = static_cast<std::byte>(bit);
            const crypto::Mac hash = crypto::mac(key_, input);
            bytes[bit / 8] ^= (hash[0] & std::byte{1}) == std::byte{1} ? mask : std::byte{0};
        }
        input.at(2 + bit / 8) |= was;
    }
}

// Global IPv4 addresses go round until they are global again.
IpAddress Pseudonyms::address(const IpAddress& address) const {
    const std::size_t kept = kept_bits(address);
    IpAddress made = address;
    do {
        const auto bytes = std::as_writable_bytes(std::span{made.bytes});
        permute(bytes.data(), bytes.size(), kept, kAddressDomain);
    } while (kept == kIpv4 && kept_bits(made) != kIpv4);
    return made;
}

MacAddress Pseudonyms::mac(const MacAddress& mac) const {
    constexpr std::size_t kGroupBits = 16;  // 33:33 goes on with an IPv6 address
    constexpr std::uint8_t kKinds = 0x03;
    if (stays(mac)) {
        return mac;
    }
    MacAddress made = mac;
    const bool ipv6 = mac.bytes[0] == 0x33 && mac.bytes[1] == 0x33;
    const auto bytes = std::as_writable_bytes(std::span{made.bytes});
    permute(bytes.data(), bytes.size(), ipv6 ? kGroupBits : 0, kMacDomain);
    const unsigned first = made.bytes[0];
    made.bytes[0] =
        static_cast<std::uint8_t>((first & ~unsigned{kKinds}) | (mac.bytes[0] & kKinds));
    return made;
}

crypto::PublicKey Pseudonyms::public_key(const crypto::PublicKey& key) const {
    crypto::Blake2s hash{crypto::kHashSize, key_};
    hash.update(std::span{&kKeyDomain, 1});
    hash.update(key.bytes);
    crypto::PublicKey made;
    hash.finish(made.bytes);
    return made;
}

std::string Pseudonyms::host(std::string_view name) {
    std::string plain = lower(name);
    const std::size_t dot = plain.find('.');
    if (plain == "localhost" || plain.starts_with("localhost.")) {
        return plain;
    }
    if (dot == std::string::npos) {
        return numbered("host-", plain);
    }
    const std::string above = plain.substr(dot + 1);
    return numbered("n", plain) + "." +
           (above.find('.') == std::string::npos ? "invalid" : host(above));
}

std::string Pseudonyms::peer(std::string_view name) {
    return numbered("peer-", name);
}

std::string Pseudonyms::numbered(std::string_view prefix, std::string_view name) {
    const auto [entry, is_new] = numbers_.emplace(fmt::format("{} {}", prefix, name), 0);
    if (is_new) {
        entry->second = ++counts_[std::string{prefix}];
    }
    return fmt::format("{}{}", prefix, entry->second);
}

}  // namespace tollgate::agent

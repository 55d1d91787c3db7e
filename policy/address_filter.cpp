// SPDX-License-Identifier: MIT
#include "policy/address_filter.hpp"

#include <algorithm>
#include <cstddef>

namespace tollgate::policy {
namespace {

std::size_t word(const IpAddress& address, std::size_t first_byte) {
    return std::size_t{address.bytes[first_byte]} << 8U | address.bytes[first_byte + 1];
}

void set(CompiledPolicy& compiled, std::size_t family, std::size_t bit) {
    compiled.address_filter.at(family * TG_ADDRESS_FILTER_WORDS + bit / 64) |= 1ULL << (bit % 64);
}

// How many values 16 bits take if only the first `fixed` are given.
std::size_t values(int fixed) {
    return std::size_t{1} << static_cast<std::size_t>(std::clamp(16 - fixed, 0, 16));
}

void add_ipv4(CompiledPolicy& compiled, const Prefix& prefix) {
    constexpr int kMappedBits = 96;
    const std::size_t first = word(prefix.address, 12);
    for (std::size_t i = 0; i < values(prefix.length - kMappedBits); ++i) {
        set(compiled, 0, first + i);
    }
}

// The bit is the XOR of two words. Once the first is not wholly given, any bit can come out.
void add_ipv6(CompiledPolicy& compiled, const Prefix& prefix) {
    const bool open = prefix.length < 16;
    const std::size_t first = open ? 0 : word(prefix.address, 0);
    const std::size_t second = open ? 0 : word(prefix.address, 2);
    for (std::size_t i = 0; i < values(open ? 0 : prefix.length - 16); ++i) {
        set(compiled, 1, first ^ (second + i));
    }
}

void add(CompiledPolicy& compiled, const Prefix& prefix) {
    prefix.address.is_ipv4() ? add_ipv4(compiled, prefix) : add_ipv6(compiled, prefix);
}

}  // namespace

void fill_address_filter(CompiledPolicy& compiled) {
    for (const auto& [address, remote_class] : compiled.hosts) {
        add(compiled, Prefix{address, 128});
    }
    for (const auto& [prefix, remote_class] : compiled.prefixes) {
        add(compiled, prefix);
    }
}

}  // namespace tollgate::policy

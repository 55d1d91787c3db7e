// SPDX-License-Identifier: MIT
// Whatever is put in, moved and taken out: the trie agrees with a list that is walked.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "tests/support/naive_allowed_ips.hpp"

namespace {

using namespace tollgate;

constexpr std::size_t kLimit = 64;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

/// One step: what to do, for whom, a length, and four bytes from which an address is made that has
/// much in common with others.
struct Step {
    std::uint8_t what;
    std::uint8_t owner;
    std::uint8_t length;
    std::array<std::uint8_t, 4> bytes;
};

IpAddress address_of(const Step& step) {
    IpAddress address = *IpAddress::parse((step.what & 0x80U) != 0 ? "2001:db8::" : "10.0.0.0");
    const std::size_t first = address.is_ipv4() ? 12 : 4 + step.bytes[3] % 9U;
    std::copy(step.bytes.begin(), step.bytes.end(), address.bytes.begin() + first);
    return address;
}

void take(const Step& step, agent::AllowedIps& table, test::NaiveAllowedIps& naive) {
    const IpAddress address = address_of(step);
    const unsigned bits = address.is_ipv4() ? 32 : 128;
    const Prefix prefix =
        Prefix::covering(address, static_cast<std::uint8_t>(128 - bits + step.length % (bits + 1)));
    const std::uint32_t owner = step.owner % 5U;
    switch (step.what % 4U) {
        case 0:
            require(table.remove(prefix, owner) == naive.remove(prefix, owner));
            break;
        case 1:
            if (step.length == 0) {
                table.remove_all(owner);
                naive.remove_all(owner);
            }
            break;
        default:
            if (table.insert(prefix, owner)) {
                naive.insert(prefix, owner);
            } else {
                require(naive.size() == kLimit);
            }
    }
    require(table.size() == naive.size());
    require(table.find(address) == naive.find(address));
    require(test::prefixes_of(table, owner) == naive.of(owner));
    require(table.count(owner) == naive.of(owner).size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    constexpr std::size_t kStep = 7;
    agent::AllowedIps table{kLimit};
    test::NaiveAllowedIps naive;
    for (; size >= kStep; bytes += kStep, size -= kStep) {
        take(
            {bytes[0], bytes[1], bytes[2], {bytes[3], bytes[4], bytes[5], bytes[6]}}, table, naive);
    }
    for (std::uint32_t owner = 0; owner < 5; ++owner) {
        table.remove_all(owner);
    }
    require(table.size() == 0);
    return 0;
}

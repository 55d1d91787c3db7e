// SPDX-License-Identifier: MIT
#include "agent/tunnel/checksum.hpp"

#include <cstring>

#include <arpa/inet.h>

namespace tollgate::agent {

namespace {

std::uint64_t load(const std::byte* at) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    return word;
}

std::uint64_t add_with_carry(std::uint64_t left, std::uint64_t right) {
    const std::uint64_t sum = left + right;
    return sum + (sum < left ? 1U : 0U);
}

}  // namespace

InternetSum& InternetSum::add(crypto::Bytes bytes) {
    constexpr std::size_t kWord = sizeof(std::uint64_t);
    const std::byte* at = bytes.data();
    std::size_t left = bytes.size();
    // Four sums that do not wait for each other.
    std::uint64_t a = sum_;
    std::uint64_t b = 0;
    std::uint64_t c = 0;
    std::uint64_t d = 0;
    for (; left >= 4 * kWord; left -= 4 * kWord, at += 4 * kWord) {
        a = add_with_carry(a, load(at));
        b = add_with_carry(b, load(at + kWord));
        c = add_with_carry(c, load(at + 2 * kWord));
        d = add_with_carry(d, load(at + 3 * kWord));
    }
    for (; left >= kWord; left -= kWord, at += kWord) {
        a = add_with_carry(a, load(at));
    }
    std::uint64_t rest = 0;
    std::memcpy(&rest, at, left);
    sum_ = add_with_carry(add_with_carry(a, b), add_with_carry(c, d));
    sum_ = add_with_carry(sum_, rest);
    return *this;
}

InternetSum& InternetSum::add_field(std::size_t number) {
    sum_ = add_with_carry(sum_, htons(static_cast<std::uint16_t>(number)));
    return *this;
}

InternetSum& InternetSum::add(const InternetSum& other) {
    sum_ = add_with_carry(sum_, other.sum_);
    return *this;
}

std::uint16_t InternetSum::folded() const {
    std::uint64_t sum = (sum_ & 0xffffffffU) + (sum_ >> 32U);
    while (sum > 0xffffU) {
        sum = (sum & 0xffffU) + (sum >> 16U);
    }
    return ntohs(static_cast<std::uint16_t>(sum));
}

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#include "crypto/tai64n.hpp"

#include <algorithm>
#include <cstdint>

namespace tollgate::crypto {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;
using Time = std::chrono::sys_time<nanoseconds>;

/// The label of 1970-01-01 00:00:00 UTC, when TAI was 10 seconds ahead.
constexpr std::uint64_t kEpoch = (std::uint64_t{1} << 62U) + 10;
constexpr std::uint32_t kStep = std::uint32_t{1} << 24U;
/// The greatest that is rounded and below a second.
constexpr std::uint32_t kLastFraction = 999'999'999 / kStep * kStep;
constexpr std::size_t kSecondsSize = 8;

template <typename Number>
void store_big_endian(std::byte* to, Number number) {
    for (std::size_t i = sizeof number; i-- > 0; number >>= 8U) {
        to[i] = static_cast<std::byte>(number);
    }
}

template <typename Number>
Number load_big_endian(const std::byte* from) {
    Number number = 0;
    for (std::size_t i = 0; i < sizeof number; ++i) {
        number = number << 8U | std::to_integer<Number>(from[i]);
    }
    return number;
}

Tai64n stamp(std::uint64_t label, std::uint32_t fraction) {
    Tai64n stamp;
    store_big_endian(stamp.bytes.data(), label);
    store_big_endian(stamp.bytes.data() + kSecondsSize, fraction / kStep * kStep);
    return stamp;
}

}  // namespace

Tai64n Tai64n::from(Time time) {
    const auto whole = std::chrono::floor<seconds>(time);
    return stamp(kEpoch + static_cast<std::uint64_t>(whole.time_since_epoch().count()),
                 static_cast<std::uint32_t>((time - whole).count()));
}

Tai64n Tai64n::next() const {
    const auto label = load_big_endian<std::uint64_t>(bytes.data());
    const auto fraction = load_big_endian<std::uint32_t>(bytes.data() + kSecondsSize);
    return fraction < kLastFraction ? stamp(label, fraction + kStep) : stamp(label + 1, 0);
}

Time Tai64n::to_time() const {
    constexpr auto kEnd = std::chrono::floor<seconds>(Time::max()) - seconds{5};
    const auto label = load_big_endian<std::uint64_t>(bytes.data());
    const auto fraction = load_big_endian<std::uint32_t>(bytes.data() + kSecondsSize);
    if (label < kEpoch) {
        return Time{};
    }
    const auto whole = std::min<std::uint64_t>(label - kEpoch, kEnd.time_since_epoch().count());
    return Time{seconds{whole}} + nanoseconds{fraction};
}

}  // namespace tollgate::crypto

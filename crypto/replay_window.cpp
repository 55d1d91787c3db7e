// SPDX-License-Identifier: MIT
#include "crypto/replay_window.hpp"

#include <algorithm>

namespace tollgate::crypto {
namespace {

constexpr std::uint64_t kWordBits = 64;

}  // namespace

bool ReplayWindow::accept(std::uint64_t counter) noexcept {
    if (counter > greatest_) {
        const std::uint64_t word = counter / kWordBits;
        const std::uint64_t entered = std::min<std::uint64_t>(word - greatest_ / kWordBits, kWords);
        for (std::uint64_t i = 0; i < entered; ++i) {
            seen_[(word - i) % kWords] = 0;
        }
        greatest_ = counter;
    } else if (greatest_ - counter > kSize) {
        return false;
    }
    std::uint64_t& word = seen_[counter / kWordBits % kWords];
    const std::uint64_t bit = std::uint64_t{1} << (counter % kWordBits);
    const bool is_new = (word & bit) == 0;
    word |= bit;
    return is_new;
}

}  // namespace tollgate::crypto

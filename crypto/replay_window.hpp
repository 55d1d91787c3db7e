// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tollgate::crypto {

/// Remembers which transport counters were accepted, so that no message is accepted twice.
///
/// Datagrams overtake each other, so counters may arrive late: each is accepted once, if it is at
/// most kSize behind the greatest one accepted so far. The bitmap is a ring of words; moving it on
/// clears whole words and shifts nothing (RFC 6479).
class ReplayWindow {
  public:
    static constexpr std::uint64_t kBits = 8192;
    /// One word less than kBits: the word of the greatest counter is only partly in the window.
    static constexpr std::uint64_t kSize = kBits - 64;

    /// Accepts `counter`, or returns false if it was accepted before or is too old.
    /// @pre the message is authentic; a forged counter could move the window past honest ones
    [[nodiscard]] bool accept(std::uint64_t counter) noexcept;
    /// The greatest counter accepted; 0 if none was.
    [[nodiscard]] std::uint64_t greatest() const noexcept { return greatest_; }

  private:
    static constexpr std::size_t kWords = kBits / 64;

    std::uint64_t greatest_ = 0;
    std::array<std::uint64_t, kWords> seen_{};
};

}  // namespace tollgate::crypto

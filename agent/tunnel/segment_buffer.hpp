// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>

#include "crypto/bytes.hpp"

namespace tollgate::agent {

/// Datagrams side by side as UDP_SEGMENT wants them: all of one size, only the last may be shorter.
class SegmentBuffer {
  public:
    static constexpr std::size_t kDatagramsMax = 64;  ///< UDP_MAX_SEGMENTS of every kernel
    static constexpr std::size_t kBytesMax = 65'507;  ///< of one UDP datagram over IPv4

    /// Memory for one more; empty: it does not go with the others.
    [[nodiscard]] crypto::MutableBytes reserve(std::size_t size);
    void clear();

    [[nodiscard]] crypto::Bytes bytes() const { return {bytes_.get(), used_}; }
    /// Bytes of each datagram but the last.
    [[nodiscard]] std::size_t segment() const { return segment_; }
    [[nodiscard]] std::size_t count() const { return count_; }

  private:
    // No zeros: memory that nothing was ever written to takes none.
    std::unique_ptr<std::byte[]> bytes_ = std::make_unique_for_overwrite<std::byte[]>(kBytesMax);
    std::size_t used_ = 0;
    std::size_t segment_ = 0;
    std::size_t count_ = 0;
};

}  // namespace tollgate::agent

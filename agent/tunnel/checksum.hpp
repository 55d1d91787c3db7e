// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "crypto/bytes.hpp"

namespace tollgate::agent {

/// The Internet checksum (RFC 1071) of bytes that come in pieces.
///
/// Sums words of 64 bits in the machine's byte order with end-around carry, which folds to the same
/// sixteen bits as the words of the RFC (its section 2).
class InternetSum {
  public:
    /// @pre all pieces before it had an even size
    InternetSum& add(crypto::Bytes bytes);
    /// A 16-bit field that is not in memory: a length or protocol of a pseudo-header.
    InternetSum& add_field(std::size_t number);
    InternetSum& add(const InternetSum& other);

    /// The sum itself, as a number: what the checksum field of an unfinished packet holds.
    [[nodiscard]] std::uint16_t folded() const;
    /// Its complement, the checksum. Zero over bytes that include their checksum: they are intact.
    [[nodiscard]] std::uint16_t checksum() const { return static_cast<std::uint16_t>(~folded()); }

  private:
    std::uint64_t sum_ = 0;
};

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include <sys/uio.h>

#include "agent/tunnel/virtio_header.hpp"
#include "crypto/bytes.hpp"

namespace tollgate::agent {

/// Joins packets of one flow into one that stands for all of them, so that the host's stack is
/// walked once. What the host would get by segmenting it is what came: the rules are those of
/// Linux's GRO.
///
/// The host does not verify the checksum of a joined packet, so only packets with good checksums
/// are joined. Any other is handed over as it came, for the host to find the fault and count it.
class Coalescer {
  public:
    static constexpr std::size_t kPacketsMax = 64;  ///< UDP_MAX_SEGMENTS before Linux 6.9

    /// @param joins_udp  the kernel knows VirtioHeader::kUdp
    explicit Coalescer(bool joins_udp) : joins_udp_{joins_udp} {}

    /// Takes the longest run from the front that can be one packet; rewrites the headers of its
    /// first. Copies nothing.
    /// @param packets  at least one
    /// @return how many were taken; at least 1
    [[nodiscard]] std::size_t take(std::span<const crypto::MutableBytes> packets);

    [[nodiscard]] const VirtioHeader& header() const { return header_; }
    /// What was taken as one packet, in pieces of the packets themselves; valid until the next
    /// take().
    [[nodiscard]] std::span<const iovec> parts() const { return {parts_.data(), part_count_}; }

  private:
    void add_part(crypto::MutableBytes bytes);

    bool joins_udp_;
    VirtioHeader header_;
    std::array<iovec, kPacketsMax> parts_{};
    std::size_t part_count_ = 0;
};

}  // namespace tollgate::agent

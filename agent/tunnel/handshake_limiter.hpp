// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <unordered_map>

#include <tollgate/ip.hpp>

#include "crypto/bytes.hpp"

namespace tollgate::agent {

/// What counts as one source of handshakes: an IPv4 address or an IPv6 /64, because one host may
/// have all addresses of that.
[[nodiscard]] IpAddress initiator_network(const IpAddress& source);

/// Under load, each source may begin so many handshakes: 20 a second, 5 at once.
class HandshakeLimiter {
  public:
    static constexpr std::size_t kSourcesMax = 16384;  ///< more: refused
    static constexpr std::chrono::nanoseconds kCost =
        std::chrono::nanoseconds{std::chrono::seconds{1}} / 20;
    static constexpr std::chrono::nanoseconds kBurst = 5 * kCost;

    [[nodiscard]] bool allow(const IpAddress& source, crypto::Instant now);
    [[nodiscard]] std::size_t size() const { return buckets_.size(); }

  private:
    struct Bucket {
        std::chrono::nanoseconds tokens;
        crypto::Instant filled;
    };
    struct SourceHash {
        [[nodiscard]] std::size_t operator()(const IpAddress& source) const noexcept;
    };

    void collect(crypto::Instant now);

    std::unordered_map<IpAddress, Bucket, SourceHash> buckets_;
    crypto::Instant collected_{0};
};

}  // namespace tollgate::agent

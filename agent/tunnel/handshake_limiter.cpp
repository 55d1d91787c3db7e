// SPDX-License-Identifier: MIT
#include "agent/tunnel/handshake_limiter.hpp"

#include <algorithm>
#include <string_view>

#include "crypto/random.hpp"

namespace tollgate::agent {

using crypto::Instant;

namespace {

constexpr std::chrono::seconds kCollectInterval{1};
constexpr std::ptrdiff_t kNetworkBytes = 8;  // of an IPv6 address: a /64

}  // namespace

IpAddress initiator_network(const IpAddress& source) {
    IpAddress network = source;
    if (!source.is_ipv4()) {
        std::fill(network.bytes.begin() + kNetworkBytes, network.bytes.end(), std::uint8_t{0});
    }
    return network;
}

std::size_t HandshakeLimiter::SourceHash::operator()(const IpAddress& source) const noexcept {
    // Salted, so that nobody can choose sources that collide.
    static const std::uint64_t kSalt =
        std::uint64_t{crypto::random_u32()} << 32U | crypto::random_u32();
    std::uint64_t hash = kSalt;
    for (const std::uint8_t byte : source.bytes) {
        hash = (hash ^ byte) * 0x9e3779b97f4a7c15U;
        hash ^= hash >> 29U;
    }
    return static_cast<std::size_t>(hash);
}

bool HandshakeLimiter::allow(const IpAddress& source, Instant now) {
    if (now - collected_ >= kCollectInterval) {
        collect(now);
    }
    const IpAddress network = initiator_network(source);
    auto found = buckets_.find(network);
    if (found == buckets_.end()) {
        if (buckets_.size() >= kSourcesMax) {
            return false;
        }
        buckets_.emplace(network, Bucket{kBurst - kCost, now});
        return true;
    }
    Bucket& bucket = found->second;
    bucket.tokens = std::min(kBurst, bucket.tokens + (now - bucket.filled));
    bucket.filled = now;
    if (bucket.tokens < kCost) {
        return false;
    }
    bucket.tokens -= kCost;
    return true;
}

void HandshakeLimiter::collect(Instant now) {
    collected_ = now;
    std::erase_if(buckets_, [now](const auto& entry) {
        return entry.second.tokens + (now - entry.second.filled) >= kBurst;
    });
}

}  // namespace tollgate::agent

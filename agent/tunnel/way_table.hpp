// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include <tollgate/ip.hpp>

#include "agent/tunnel/outer_header.hpp"

namespace tollgate::agent {

/// What a way to a place depends on.
struct WayKey {
    IpAddress address;
    IpAddress local;  ///< zeros: the kernel's choice
    unsigned local_interface = 0;
    std::uint32_t scope = 0;  ///< of a link-local address

    bool operator==(const WayKey&) const = default;
};

/// What is known of it.
struct KnownWay {
    unsigned interface = 0;  ///< 0: only the kernel can send there
    IpAddress next_hop;
    Way way;
    std::size_t mtu = 0;    ///< bytes of the IP packet
    bool is_stale = false;  ///< the kernel has to be given something to send there, once
};

/// A bounded memory of ways, so that the kernel is not asked for every vector. What is older than
/// kFresh is asked for again: some changes nobody tells of (a path MTU, policy routing).
class WayTable {
  public:
    using Instant = std::chrono::nanoseconds;
    static constexpr Instant kFresh = std::chrono::seconds{10};
    static constexpr std::size_t kSets = 64;
    static constexpr std::size_t kWaysMax = 4;  ///< of one set

    WayTable() : sets_{std::make_unique<std::array<Set, kSets>>()} {}

    /// Null: it has to be found out.
    [[nodiscard]] KnownWay* find(const WayKey& key, Instant now);
    /// Takes the place of the oldest one of its set.
    KnownWay& put(const WayKey& key, const KnownWay& way, Instant now);
    /// Forgets the ways by way of this neighbour, and those for which none was found.
    void forget_neighbour(unsigned interface, const IpAddress& next_hop);
    void clear();

  private:
    struct Entry {
        bool is_used = false;
        Instant asked{0};
        WayKey key;
        KnownWay known;
    };
    using Set = std::array<Entry, kWaysMax>;

    [[nodiscard]] Set& set_of(const WayKey& key);

    std::unique_ptr<std::array<Set, kSets>> sets_;
};

}  // namespace tollgate::agent

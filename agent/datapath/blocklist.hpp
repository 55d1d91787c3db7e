// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <tollgate/ip.hpp>
#include <tollgate/result.hpp>

#include "agent/datapath/map_entries.hpp"

namespace tollgate::agent {

/// The prefixes of the map `blocklist`. Counts them itself: walking a trie of 100,000 takes longer
/// than a scrape should.
class Blocklist {
  public:
    /// @param map  must outlive this object
    explicit Blocklist(const MapHandle& map) : map_{map} {}

    /// @return ENOSPC: more than TG_BLOCKLIST_MAX; nothing was added then
    [[nodiscard]] Result<void> add(std::span<const Prefix> prefixes);
    [[nodiscard]] Result<void> remove(std::span<const Prefix> prefixes);
    [[nodiscard]] Result<std::vector<Prefix>> list() const;
    [[nodiscard]] Result<std::uint64_t> size();

  private:
    const MapHandle& map_;
    std::optional<std::uint64_t> size_;  ///< none: not known
};

}  // namespace tollgate::agent

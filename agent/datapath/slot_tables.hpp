// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <tollgate/result.hpp>

#include "agent/datapath/gate_object.hpp"
#include "agent/datapath/pin_folder.hpp"
#include "policy/compiled.hpp"

namespace tollgate::agent {

/// The tables of a policy slot: a part of each array, and an inner map of each ARRAY_OF_MAPS. The
/// inner maps are pinned too, because only a privileged process may open a map by its number.
class SlotTables {
  public:
    /// @param maps, pins  must outlive this object
    SlotTables(const GateObject& maps, const PinFolder& pins) : maps_{maps}, pins_{pins} {}

    /// Writes a whole policy into a slot that is not in force.
    /// @param boot_minus_wall_ns  added to the rules' expiry
    /// @return ENOSPC, EINVAL: the policy is larger than the tables of abi/limits.h
    [[nodiscard]] Result<void> fill(std::uint32_t slot,
                                    const policy::CompiledPolicy& policy,
                                    std::int64_t boot_minus_wall_ns) const;

    /// Makes slot `to`, which is not in force, hold what `from` holds. Counters begin at zero.
    [[nodiscard]] Result<void> copy(std::uint32_t from, std::uint32_t to) const;

  private:
    [[nodiscard]] Result<void> fill_arrays(std::uint32_t slot,
                                           const policy::CompiledPolicy& policy,
                                           std::int64_t boot_minus_wall_ns) const;
    [[nodiscard]] Result<void> fill_inner_maps(std::uint32_t slot,
                                               const policy::CompiledPolicy& policy) const;
    [[nodiscard]] Result<void> zero_counters(std::uint32_t slot) const;
    [[nodiscard]] Result<void> install(std::uint32_t slot, const char* name, int inner_fd) const;
    [[nodiscard]] Result<void> fill_names(std::uint32_t slot,
                                          const policy::CompiledPolicy& policy) const;
    [[nodiscard]] Result<void> copy_inner_map(std::uint32_t from,
                                              std::uint32_t to,
                                              const char* name) const;
    [[nodiscard]] Result<void> copy_names(std::uint32_t from, std::uint32_t to) const;
    template <typename Key>
    [[nodiscard]] Result<void> fill_inner_map(
        std::uint32_t slot,
        const char* name,
        const std::vector<std::pair<Key, std::uint32_t>>& entries) const;

    const GateObject& maps_;
    const PinFolder& pins_;
};

}  // namespace tollgate::agent

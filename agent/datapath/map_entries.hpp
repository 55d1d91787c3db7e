// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include <tollgate/result.hpp>

namespace tollgate::agent {

/// A loaded map: its descriptor, which others own, and the sizes of its entries in memory.
struct MapHandle {
    int fd = -1;
    std::string name;
    std::uint32_t type = 0;  ///< enum bpf_map_type
    std::uint32_t key_size = 0;
    std::uint32_t value_size = 0;  ///< of one value; a per-CPU map has `values_per_key` of them
    std::uint32_t values_per_key = 1;
    std::uint32_t max_entries = 0;

    /// Asks the kernel. @return EBADF: no map; else as BPF_OBJ_GET_INFO_BY_FD
    [[nodiscard]] static Result<MapHandle> of(int fd);
    /// Bytes of all values of one key.
    [[nodiscard]] std::size_t stride() const { return std::size_t{value_size} * values_per_key; }
};

/// Adds or replaces `count` entries, laid out one after the other: in batches where the kernel has
/// them, else one by one.
/// @return as BPF_MAP_UPDATE_ELEM: E2BIG or ENOSPC: no room; some entries may be in then
[[nodiscard]] Result<void> put_entries(const MapHandle& map,
                                       const void* keys,
                                       const void* values,
                                       std::size_t count);

/// Removes `count` keys; those that are not there are fine.
[[nodiscard]] Result<void> remove_entries(const MapHandle& map,
                                          const void* keys,
                                          std::size_t count);

/// Visits all entries of a map that others may be changing: an entry that is there all the time is
/// visited at least once.
using EntryVisitor = std::function<void(const std::byte* key, const std::byte* value)>;
[[nodiscard]] Result<void> visit_entries(const MapHandle& map, const EntryVisitor& visit);

/// Reads `count` values of an array, from index `first` on, into `values`.
[[nodiscard]] Result<void> read_range(const MapHandle& array,
                                      std::uint32_t first,
                                      std::uint32_t count,
                                      void* values);

/// Writes `count` values of an array, from index `first` on.
[[nodiscard]] Result<void> write_range(const MapHandle& array,
                                       std::uint32_t first,
                                       std::uint32_t count,
                                       const void* values);

}  // namespace tollgate::agent

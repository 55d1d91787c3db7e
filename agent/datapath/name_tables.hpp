// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <tollgate/abi/policy.h>
#include <tollgate/result.hpp>

#include "agent/datapath/gate_object.hpp"
#include "agent/datapath/pin_folder.hpp"

namespace tollgate::agent {

/// The key of the hashes of names, and which tables were hashed with it (tg_name_key).
class NameTables {
  public:
    /// @param maps, pins  must outlive this object
    NameTables(const GateObject& maps, const PinFolder& pins) : maps_{maps}, pins_{pins} {}

    /// To be called once, before anything else is done with names: draws the key if there is none.
    /// Tables that were hashed otherwise are dropped, and then all of `resolved`, too: until the
    /// policy is loaded again, its names match nothing. @return the key
    [[nodiscard]] Result<std::uint64_t> settle() const;

    /// @return EINVAL: settle() was never called
    [[nodiscard]] Result<std::uint64_t> key() const;
    /// Notes that the table that is in the slot now was hashed with the key.
    [[nodiscard]] Result<void> note(std::uint32_t slot) const;
    /// False: settle() has dropped it, or the slot was never filled.
    [[nodiscard]] bool has(std::uint32_t slot) const;
    /// Leaves the slot without a table.
    [[nodiscard]] Result<void> drop(std::uint32_t slot) const;

  private:
    [[nodiscard]] Result<tg_name_key> read() const;
    [[nodiscard]] Result<void> write(const tg_name_key& entry) const;
    [[nodiscard]] Result<std::uint32_t> table_in(std::uint32_t slot) const;

    const GateObject& maps_;
    const PinFolder& pins_;
};

}  // namespace tollgate::agent

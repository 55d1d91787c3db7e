// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <tollgate/abi/policy.h>
#include <tollgate/result.hpp>

#include "agent/datapath/gate.hpp"
#include "agent/datapath/gate_object.hpp"
#include "agent/datapath/pin_folder.hpp"

namespace tollgate::agent {

/// The two policy slots and the switch between them (abi/policy.h, docs/packet-path.md section 2).
///
/// Invariant: the slot in force is never written to, but for its number and its deadline. So
/// whatever fails, and wherever the agent dies, what was in force stays so.
class GenerationWriter {
  public:
    /// @param maps, pins  must outlive this object
    GenerationWriter(const GateObject& maps, const PinFolder& pins) : maps_{maps}, pins_{pins} {}

    /// See Gate.
    [[nodiscard]] Result<void> switch_to(const NewGeneration& next) const;
    [[nodiscard]] Result<void> confirm() const;
    [[nodiscard]] Result<void> revert(std::uint32_t number) const;
    [[nodiscard]] Result<void> bump(std::uint32_t number) const;
    [[nodiscard]] Result<void> set_open(bool open) const;
    /// @pre  zone < TG_ZONES_MAX
    [[nodiscard]] Result<void> set_stage(std::uint8_t zone,
                                         std::uint8_t in_force,
                                         std::uint8_t other) const;

    [[nodiscard]] Result<tg_control> control() const;
    /// @return ENODATA: no generation was ever loaded
    [[nodiscard]] Result<tg_generation> in_force() const;
    /// The slot of in_force().
    [[nodiscard]] Result<std::uint32_t> slot_in_force() const;

  private:
    struct State {
        tg_control control{};
        tg_generation active{};
        std::uint32_t in_force = 0;  ///< slot
    };
    [[nodiscard]] Result<State> state() const;
    [[nodiscard]] Result<void> check_fresh(std::uint32_t number) const;
    [[nodiscard]] Result<tg_generation> read_generation(std::uint32_t slot) const;
    [[nodiscard]] Result<void> write_generation(std::uint32_t slot,
                                                const tg_generation& generation) const;
    [[nodiscard]] Result<void> write_control(const tg_control& control) const;
    [[nodiscard]] Result<void> fill(std::uint32_t slot,
                                    std::uint32_t stable,
                                    const NewGeneration& next) const;
    [[nodiscard]] Result<void> activate(const State& state, std::uint32_t slot) const;

    const GateObject& maps_;
    const PinFolder& pins_;
};

}  // namespace tollgate::agent

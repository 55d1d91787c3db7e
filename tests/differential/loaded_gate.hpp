// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <tollgate/abi/flow.h>
#include <tollgate/result.hpp>

#include "agent/datapath/gate_object.hpp"
#include "agent/datapath/generation_writer.hpp"
#include "agent/datapath/pin_folder.hpp"
#include "policy/compiled.hpp"
#include "policy/model.hpp"
#include "policy/reference_packet.hpp"

namespace tollgate::test {

/// What the program did with a frame: its verdict, and the only counter that moved.
struct Observation {
    bool passed = false;
    bool would_drop = false;
    DropReason reason = DropReason::none;
    std::uint64_t frames_counted = 0;  ///< 1 if all is well
};

/// The real BPF programs for one zone, attached to nothing: frames go in by BPF_PROG_TEST_RUN.
class LoadedGate {
  public:
    /// The flow tables are so large that a test evicts nothing unless it wants to.
    /// Errors: as agent::Gate::open(); not root: EPERM.
    [[nodiscard]] static Result<std::unique_ptr<LoadedGate>> load(
        const agent::LoadOptions& sizes = {.flows = 262144, .embryos = 262144},
        tg_link link = TG_LINK_CLEAR);
    ~LoadedGate();
    LoadedGate(const LoadedGate&) = delete;
    LoadedGate& operator=(const LoadedGate&) = delete;

    /// Makes a policy the active generation.
    Result<void> switch_to(const agent::NewGeneration& next) { return writer_.switch_to(next); }
    Result<void> bump(std::uint32_t number) { return writer_.bump(number); }
    Result<void> set_open(bool open) { return writer_.set_open(open); }
    Result<void> blocklist(const Prefix& prefix, bool add);
    Result<void> resolve(const IpAddress& address, std::uint64_t pattern, std::uint64_t expires_ns);
    /// Gives inner addresses to a peer of the tunnel; an empty name: nobody's.
    Result<void> own(const Prefix& prefix, const std::string& peer);
    Result<void> disown(const Prefix& prefix);

    [[nodiscard]] std::uint64_t hash_of(const policy::NamePattern& pattern) const {
        return pattern.hash(name_key_);
    }
    /// The hashes of the patterns that `resolved` has for an address.
    [[nodiscard]] std::set<std::uint64_t> names_of(const IpAddress& address) const;

    /// Runs one frame of at least 14 bytes. @return EINVAL, E2BIG: not a frame the kernel can run
    Result<Observation> run(std::span<const std::byte> frame, policy::Direction direction);
    /// Only passes or drops: faster. @return whether it passes
    Result<bool> run_uncounted(std::span<const std::byte> frame, policy::Direction direction);

    /// The slot in force.
    [[nodiscard]] std::uint32_t slot() const;
    /// Packets counted for a rule of a slot.
    [[nodiscard]] std::uint64_t rule_packets(std::uint32_t slot, std::uint32_t rule) const;
    [[nodiscard]] std::vector<tg_flow_key> flows(const char* table) const;
    [[nodiscard]] std::optional<tg_flow> flow(const char* table, const tg_flow_key& key) const;
    Result<void> put_flow(const char* table, const tg_flow_key& key, const tg_flow& flow);
    [[nodiscard]] int map(const char* name) const { return maps_.map_fd(name); }
    [[nodiscard]] int program(policy::Direction direction) const;

  private:
    LoadedGate(agent::PinFolder pins,
               agent::GateObject maps,
               agent::GateObject programs,
               tg_link link);
    [[nodiscard]] Result<void> revoke_verdicts();

    [[nodiscard]] tg_interface_counters counters(policy::Direction direction) const;

    agent::PinFolder pins_;
    agent::GateObject maps_;
    agent::GateObject programs_;
    agent::GenerationWriter writer_;
    tg_link link_;
    std::uint64_t name_key_ = 0;
    std::array<tg_interface_counters, TG_DIRECTIONS> last_{};
};

}  // namespace tollgate::test

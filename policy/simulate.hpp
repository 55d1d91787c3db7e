// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <tollgate/abi/flow.h>
#include <tollgate/result.hpp>

#include "policy/flow_record.hpp"
#include "policy/model.hpp"
#include "policy/reference_model.hpp"

namespace tollgate::policy {

/// A flow that the policy would not let happen: nothing that its initiator sent passed.
struct BlockedFlow {
    FlowRecord flow;
    DropReason reason = DropReason::none;  ///< of its first packet
    std::string rule;                      ///< the rule that refused it; empty: none
    std::uint64_t packets = 0;             ///< dropped
};

/// What a policy would have done to a capture.
struct SimulationReport {
    /// Flows that the device opened or answered, as the learner counts them.
    std::uint64_t flows = 0;
    std::uint64_t packets = 0;
    std::uint64_t packets_blocked = 0;
    std::map<DropReason, std::uint64_t> blocked_by_reason;  ///< packets
    std::vector<BlockedFlow> blocked;                       ///< in the order in which they began
};

/// Feeds a capture through the reference model in the stage enforce. Beside it a second model, in
/// the stage learn with nothing forbidden, tells which flows there were. Not thread-safe.
class Simulation {
  public:
    /// @param policy its rules expire by the capture's clock
    explicit Simulation(Policy policy);

    /// Judges one frame, Ethernet header first. Frames come in the order of time; one that comes
    /// late is taken to be as late as the one before it.
    /// @param original_length on the wire; what the capture cut off is taken to be zero
    void add(std::span<const std::byte> frame,
             Direction direction,
             Timestamp at,
             std::uint32_t original_length);

    [[nodiscard]] SimulationReport report() const;

  private:
    struct Outcome {
        tg_flow_key key{};
        ReferenceFlow flow;
        DropReason reason = DropReason::none;
        std::string rule;
        std::uint64_t dropped = 0;
        bool passed = false;  ///< something of the initiator's
    };

    void judge(std::span<const std::byte> frame, Direction direction);
    void account(const Judgement& seen, const Judgement& enforced, Direction direction);

    ReferenceModel enforcer_;
    ReferenceModel observer_;
    std::vector<Outcome> outcomes_;
    std::map<tg_flow_key, std::size_t, KeyLess> current_;  ///< index into outcomes_
    SimulationReport totals_;
    BootTime now_{0};
};

}  // namespace tollgate::policy

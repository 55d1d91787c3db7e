// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "agent/control/json.hpp"
#include "agent/control/request.hpp"
#include "agent/core/agent.hpp"
#include "agent/core/refusal.hpp"
#include "agent/system/task_queue.hpp"
#include "agent/tunnel/tunnel_control.hpp"

namespace tollgate::agent {

/// Makes the changes that a person asks for: compiles the policy and tries it on recorded traffic
/// in the caller's thread, and only then asks the loop to put it in force. Thread-safe.
class ChangeDesk {
  public:
    ChangeDesk(TaskQueue& queue, Agent& agent, TunnelControl& tunnels)
        : queue_{queue}, agent_{agent}, tunnels_{tunnels} {}

    /// Enforce or audit: the policy in force with the approved candidates.
    [[nodiscard]] Answer<Json> change_stage(policy::Stage stage, const ChangeRequest& request);
    /// The policy of the request, with the stage that it asks for.
    [[nodiscard]] Answer<Json> apply(const ChangeRequest& request);
    /// Takes a pending change back at once, or brings an earlier policy back.
    [[nodiscard]] Answer<Json> rollback(const ChangeRequest& request);
    /// All interfaces to the stage learn, confirmed at once: it opens.
    [[nodiscard]] Answer<Json> start_learning(const ChangeRequest& request);
    [[nodiscard]] Answer<Json> confirm(const ChangeRequest& request);
    [[nodiscard]] Answer<Json> open();

    [[nodiscard]] Answer<Json> diff(const ChangeRequest& request);
    [[nodiscard]] Answer<Json> exported();

  private:
    struct Draft {
        PolicyPointer policy;
        policy::Policy before;
        RecordedTraffic traffic;
        Stages stages;
    };

    [[nodiscard]] Answer<Draft> draft(const std::optional<std::string>& yaml, policy::Stage stage);
    /// Of a policy that comes from outside: the peers that it names are there.
    [[nodiscard]] Answer<Draft> checked_draft(const ChangeRequest& request, policy::Stage stage);
    [[nodiscard]] Answer<Json> put_in_force(const Draft& draft,
                                            std::string_view change,
                                            const ChangeRequest& request);
    [[nodiscard]] Answer<Json> bring_back(const HistoryEntry& entry, const ChangeRequest& request);

    TaskQueue& queue_;
    Agent& agent_;
    TunnelControl& tunnels_;
};

}  // namespace tollgate::agent

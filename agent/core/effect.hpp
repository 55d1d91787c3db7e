// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/prefix_set.hpp"
#include "agent/core/state.hpp"
#include "agent/core/tunnel_peers.hpp"
#include "policy/explain.hpp"
#include "policy/flow_record.hpp"
#include "policy/learn_history.hpp"
#include "policy/learn_names.hpp"

namespace tollgate::agent {

/// What a policy is tried on before it comes into force. A copy, so that it can be judged without
/// holding up the loop.
struct RecordedTraffic {
    std::vector<policy::RecentFlow> flows;  ///< newest last
    policy::NameTable names{1};
    PrefixSet blocklist;
    policy::Timestamp now;
    TunnelPeers tunnels{};
};

/// A recorded flow and its verdict under a policy.
struct JudgedFlow {
    policy::FlowRecord flow;
    std::string name;  ///< of the remote; may be empty
    DropReason reason = DropReason::none;
    std::string rule;  ///< that decides; may be empty

    [[nodiscard]] bool passes() const { return reason == DropReason::none; }
};

/// What a policy would do.
struct Effect {
    std::chrono::seconds window{0};  ///< that the recorded flows go back
    std::uint64_t flows = 0;
    std::uint64_t pass = 0;
    std::uint64_t drop = 0;
    std::vector<JudgedFlow> would_drop;  ///< at most kEffectFlowsMax, the newest first
    std::optional<JudgedFlow> session;   ///< the connection that the change comes through
};
inline constexpr std::size_t kEffectFlowsMax = 100;

/// Judges a flow as the data path would judge its first packet in the stage enforce; only the
/// limits of rules are not considered. The names of its address are those of the answers around
/// its beginning.
[[nodiscard]] JudgedFlow judge(const policy::Policy& policy,
                               const RecordedTraffic& traffic,
                               const policy::RecentFlow& recent);

/// Judges what was recorded. A flow that nobody answered counts as none: a scan is no traffic.
[[nodiscard]] Effect effect_of(const policy::Policy& policy,
                               const RecordedTraffic& traffic,
                               const Session& session);

/// Judges the connection that a change comes through. @return nothing if it is no address
[[nodiscard]] std::optional<JudgedFlow> judge_session(const policy::Policy& policy,
                                                      const RecordedTraffic& traffic,
                                                      const Session& session);

/// A failsafe rule that would keep a session, as a line of YAML.
[[nodiscard]] std::string failsafe_for(const Session& session);

}  // namespace tollgate::agent

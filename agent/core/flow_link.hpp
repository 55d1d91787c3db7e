// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <vector>

#include <tollgate/abi/limits.h>

#include "agent/core/interface_watch.hpp"
#include "agent/datapath/gate.hpp"
#include "policy/flow_record.hpp"

/// What carried a flow: its zone tells, as long as an interface has it.
namespace tollgate::agent {

/// By zone. Unknown: no interface has it now.
using ZoneLinks = std::array<policy::Link, TG_ZONES_MAX>;

[[nodiscard]] ZoneLinks links_of(const std::vector<ProtectedInterface>& interfaces);

/// Says what carried a flow, and which peer of a tunnel its remote is or is behind. A peer that
/// leads into the internet is the way to a remote, and is not named.
/// @return false, and nothing has changed: nobody knows any more what its zone was
[[nodiscard]] bool complete(policy::FlowRecord& record, const ZoneLinks& links, Gate& gate);

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/exchange/mud_definitions.hpp"
#include "agent/exchange/mud_file.hpp"
#include "policy/model.hpp"

namespace tollgate::exchange {

/// An entry of an access list, which is about packets, as what a rule is about: flows.
struct MudFlows {
    policy::Direction direction = policy::Direction::ingress;  ///< of the first packet
    bool answers = false;    ///< the entry is about the packets the other way
    bool both_ways = false;  ///< and about the answers to flows of the opposite direction
    std::vector<policy::Service> services;  ///< empty: every protocol
    policy::Selector remote;                ///< empty: everybody
    std::optional<MudClass> remote_class;   ///< what `remote` holds the addresses of
    MudFamily family = MudFamily::any;
    std::string_view baseline{};  ///< the part of the baseline that has all of it; else empty
};

/// Finds the flows of an entry. A match that a rule cannot make is never left out.
/// @pre its family is one of the two, unless it has an ethertype
/// @param definitions  local networks are among them
/// @param direction  of the packets of its access list: egress is "from device"
[[nodiscard]] Expected<MudFlows, Obstacle> compile_ace(const MudAce& ace,
                                                       policy::Direction direction,
                                                       const MudDefinitions& definitions);

}  // namespace tollgate::exchange

// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "agent/exchange/mud_file.hpp"
#include "policy/model.hpp"

/// One entry of a MUD file's access list as JSON.
namespace tollgate::exchange {

/// One member of a rule's remote; nothing in it: everybody.
struct MudRemote {
    std::optional<Prefix> prefix{};
    std::optional<MacAddress> mac{};
    std::string name{};
    std::optional<MudClass> mud_class{};
};

struct MudEntry {
    MudRemote remote;
    std::optional<policy::Service> service;  ///< of the packets: of answers an ICMP reply
    policy::Direction flow = policy::Direction::ingress;
    bool answers = false;  ///< packets against the direction of the flow
};

/// "matches" of an entry in a list of IPv4 or IPv6.
[[nodiscard]] nlohmann::ordered_json matches_json(const MudEntry& entry, MudFamily family);

}  // namespace tollgate::exchange

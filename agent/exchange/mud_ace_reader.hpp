// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "agent/exchange/json_node.hpp"
#include "agent/exchange/mud_file.hpp"

namespace tollgate::exchange {

/// A name of YANG without the module before it: "dst-dnsname" of "ietf-acldns:dst-dnsname". The
/// modules are those of MUD files; of another module the name stays whole.
[[nodiscard]] std::string_view local_name(std::string_view name);

/// The value of a key, with or without the module in front; null if there is none.
[[nodiscard]] const JsonNode* find_local(const JsonNode& object, std::string_view key);

/// Reads one entry of an access list. Whatever it asks for that is unknown or has a wrong value
/// becomes its obstacle: to leave out a match would allow more.
/// @param family  what the type of the list says
[[nodiscard]] MudAce read_mud_ace(const JsonNode& node, MudFamily family);

}  // namespace tollgate::exchange

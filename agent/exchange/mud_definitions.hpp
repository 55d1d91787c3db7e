// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/exchange/mud_file.hpp"

namespace tollgate::exchange {

/// Addresses of what a file names without addresses.
using MudDefinitions = std::map<MudClass, std::vector<Prefix>>;

/// Adds "NAME=ADDRESS,ADDRESS…" of a command line: the name as parse_mud_class() takes it.
/// @return what is wrong with it, in words
[[nodiscard]] Result<void> define(std::string_view definition, MudDefinitions& definitions);

/// What "local-networks" may be at most: private and link-local addresses of both families.
[[nodiscard]] std::vector<Prefix> private_networks();

}  // namespace tollgate::exchange

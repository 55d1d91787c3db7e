// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "agent/exchange/exported.hpp"
#include "policy/model.hpp"

namespace tollgate::exchange {

/// What a MUD file must say of itself, for policies whose labels do not.
struct MudExportOptions {
    std::string url;          ///< empty: the label must be there
    std::string last_update;  ///< RFC 3339
};

/// Writes a policy as a MUD file (RFC 8520), for both directions of every rule: MUD knows no flows.
/// What import_mud() has made comes back as it was. An error, if nothing says the URL.
[[nodiscard]] Exported export_mud(const policy::Policy& policy, const MudExportOptions& options);

}  // namespace tollgate::exchange

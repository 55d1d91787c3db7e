// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include <tollgate/result.hpp>

namespace tollgate::agent {

/// The interfaces through which this network namespace reaches what it has no other route to:
/// those of the default routes of the main table, IPv4 before IPv6, each once. Of a route over
/// several ways (RTA_MULTIPATH), none.
[[nodiscard]] Result<std::vector<std::string>> default_route_interfaces();

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

namespace tollgate::agent {

/// Sends a few datagrams as one (UDP_SEGMENT) over the loopback interface of this network namespace
/// and looks at what arrives; a few kernels get that wrong. Takes at most a fifth of a second.
/// @return what is wrong; nothing if all is well, or if there is no loopback to find out
[[nodiscard]] std::optional<std::string> find_gso_fault();

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <tollgate/result.hpp>

/// Interfaces of tunnels that stay when the agent ends, so that what the host sends to the peers is
/// dropped and not sent in the clear.
namespace tollgate::agent {

/// Marks an interface as one of the agent that has this state folder; `ip link` shows the mark as
/// its alias. @return as set_alias()
[[nodiscard]] Result<void> mark_as_kept(const std::string& interface,
                                        const std::filesystem::path& state_dir);
[[nodiscard]] bool is_marked(const std::string& interface, const std::filesystem::path& state_dir);
/// All that are marked so.
[[nodiscard]] std::vector<std::string> kept_interfaces(const std::filesystem::path& state_dir);

}  // namespace tollgate::agent

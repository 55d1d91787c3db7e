// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <tollgate/result.hpp>

namespace tollgate::agent {

/// What "auto" stood for at the last start that found a default route. At boot there is none before
/// the network is up, and by then the gate has to be there.
/// @return none if nothing, or no sense, is in the file
[[nodiscard]] std::vector<std::string> remembered_interfaces(
    const std::filesystem::path& state_dir);

/// Writes them down if they are not the ones that are there. None leaves what is there.
/// @return what write_file() returns
[[nodiscard]] Result<void> remember_interfaces(const std::filesystem::path& state_dir,
                                               const std::vector<std::string>& names);

}  // namespace tollgate::agent

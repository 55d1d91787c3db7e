// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/tunnel/tunnel_settings.hpp"
#include "policy/agent_config.hpp"

namespace tollgate::agent {

inline constexpr auto kDefaultConfig = "/etc/tollgate/tollgate.yaml";

/// What tollgate.yaml says.
struct ConfigFile {
    policy::AgentConfig agent;
    std::vector<TunnelSettings> tunnels;
};

/// @return as read_file(), or all problems of the text with line and column
[[nodiscard]] Result<ConfigFile> read_config_file(const std::filesystem::path& path);

}  // namespace tollgate::agent

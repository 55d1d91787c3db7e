// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/tunnel/tunnel_settings.hpp"
#include "policy/agent_config.hpp"

namespace tollgate::agent {

struct FlowLogSettings;

inline constexpr auto kDefaultConfig = "/etc/tollgate/tollgate.yaml";

/// What tollgate.yaml says.
struct ConfigFile {
    policy::AgentConfig agent;
    std::vector<TunnelSettings> tunnels;
    std::shared_ptr<const FlowLogSettings> flow_log;  ///< null: there is none
};

/// @return as read_file(), or all problems of the text with line and column
[[nodiscard]] Result<ConfigFile> read_config_file(const std::filesystem::path& path);

}  // namespace tollgate::agent

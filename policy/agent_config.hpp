// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/model.hpp"
#include "policy/problem.hpp"
#include "policy/yaml_strict.hpp"

namespace tollgate::policy {

/// A text, and where it is written.
struct PlacedText {
    std::string text;
    Mark mark;
    bool operator==(const PlacedText&) const = default;
};

/// The agent's configuration file (docs/configuration.md); what is absent keeps its default.
struct AgentConfig {
    std::vector<PlacedText> interfaces;
    std::optional<std::string> policy;        ///< path of the policy of the first start
    std::optional<std::string> policy_watch;  ///< "off", "apply"
    std::vector<PlacedText> policy_reach;     ///< "ADDRESS:PORT", each
    std::optional<PlacedText> metrics;        ///< "ADDRESS:PORT" or "off"
    std::optional<std::string> xdp_mode;      ///< "auto", "native", "generic", "tc"
    std::optional<std::string> tunnel_mac1;   ///< "gate", "agent": who checks it
    std::optional<std::string> log_level;
    std::optional<std::uint32_t> flows;    ///< entries of the flow table
    std::optional<std::uint32_t> embryos;  ///< entries of the table of half-open flows
};

struct ConfigReading {
    std::optional<AgentConfig> config;  ///< absent if there is any error
    std::optional<YamlNode> tunnels;    ///< what is below `tunnels`, not looked at yet
    std::optional<YamlNode> flow_log;   ///< the same of `flowLog`
    std::vector<Problem> problems;
};

/// Reads /etc/tollgate/tollgate.yaml as strictly as a policy. What is no name of an interface and
/// no ADDRESS:PORT, the agent knows (read_config_file()).
[[nodiscard]] ConfigReading read_agent_config(std::string_view text,
                                              const YamlParser& parser = parse_yaml_here);

}  // namespace tollgate::policy

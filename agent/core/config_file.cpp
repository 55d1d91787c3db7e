// SPDX-License-Identifier: MIT
#include "agent/core/config_file.hpp"

#include <utility>

#include "agent/core/yaml_process.hpp"
#include "agent/flowlog/settings.hpp"
#include "agent/system/file.hpp"
#include "policy/yaml_strict.hpp"

namespace tollgate::agent {

Result<ConfigFile> read_config_file(const std::filesystem::path& path) {
    const auto text = read_file(path, policy::kConfigBytesMax);
    if (!text) {
        return Failure{text.error()};
    }
    policy::ConfigReading reading = policy::read_agent_config(*text, yaml_parser());
    ConfigFile file;
    if (reading.tunnels) {
        file.tunnels = read_tunnels(*reading.tunnels, reading.problems);
    }
    if (reading.flow_log) {
        file.flow_log = std::make_shared<const FlowLogSettings>(
            read_flow_log(*reading.flow_log, reading.problems));
    }
    if (!reading.config || policy::has_errors(reading.problems)) {
        return failure(policy::format_problems(path.string(), reading.problems));
    }
    file.agent = std::move(*reading.config);
    return file;
}

}  // namespace tollgate::agent

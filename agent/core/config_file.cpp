// SPDX-License-Identifier: MIT
#include "agent/core/config_file.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/options.hpp"
#include "agent/core/yaml_process.hpp"
#include "agent/flowlog/settings.hpp"
#include "agent/system/file.hpp"
#include "agent/system/interface.hpp"
#include "policy/yaml_strict.hpp"

namespace tollgate::agent {

namespace {

void report_at(const policy::PlacedText& placed,
               std::string_view what,
               std::string hint,
               std::vector<policy::Problem>& problems) {
    policy::report(problems,
                   {placed.mark,
                    policy::in_quotes(placed.text) + " is no " + std::string{what},
                    std::move(hint),
                    policy::Severity::error});
}

void check(const policy::AgentConfig& config, std::vector<policy::Problem>& problems) {
    for (const policy::PlacedText& name : config.interfaces) {
        if (!is_interface_name(name.text)) {
            report_at(name,
                      "name of an interface",
                      "write 1 to 15 characters without '/', ':' and spaces",
                      problems);
        }
    }
    for (const policy::PlacedText& place : config.policy_reach) {
        const auto address = parse_listen_address(place.text);
        if (!address || !*address) {
            report_at(place, "ADDRESS:PORT", "write it like 192.0.2.1:6443", problems);
        }
    }
    if (config.metrics && !parse_listen_address(config.metrics->text)) {
        report_at(
            *config.metrics, "ADDRESS:PORT", "write it like 127.0.0.1:9586, or off", problems);
    }
}

}  // namespace

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
    if (reading.config) {
        check(*reading.config, reading.problems);
    }
    if (!reading.config || policy::has_errors(reading.problems)) {
        return failure(policy::format_problems(path.string(), reading.problems));
    }
    file.agent = std::move(*reading.config);
    return file;
}

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#include "agent/roles.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <sys/prctl.h>

#include <fmt/format.h>

#include "agent/control/exporter_process.hpp"
#include "agent/core/dns_process.hpp"
#include "agent/core/exit_code.hpp"
#include "agent/core/yaml_process.hpp"
#include "agent/report/log.hpp"
#include "agent/tunnel_process/confined_tunnel.hpp"

namespace tollgate::agent {

namespace {

struct Role {
    std::string_view name;
    int (*run)(const std::vector<std::string>& arguments);
};
int run_tunnel(const std::vector<std::string>& /*arguments*/) {
    return tunnel_process::run();
}

constexpr std::array<Role, 4> kRoles{{{kExporterRole, &run_exporter},
                                      {kYamlRole, &run_yaml},
                                      {kDnsRole, &run_dns},
                                      {tunnel_process::kRole, &run_tunnel}}};

}  // namespace

int run_role(const std::string& role, const std::vector<std::string>& arguments) {
    const auto* const found = std::find_if(
        kRoles.begin(), kRoles.end(), [&](const Role& known) { return known.name == role; });
    if (found == kRoles.end()) {
        log(LogLevel::error, "agent.refused", {{"error", "no such role"}, {"role", role}});
        return static_cast<int>(ExitCode::usage);
    }
    // Else it would be called "exe" wherever the kernel names it.
    const std::string name = fmt::format("tollgate-{}", role);
    ::prctl(PR_SET_NAME, name.c_str(), 0, 0, 0);
    return found->run(arguments);
}

}  // namespace tollgate::agent

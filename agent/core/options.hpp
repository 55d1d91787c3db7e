// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/config_file.hpp"
#include "agent/core/exit_code.hpp"
#include "agent/datapath/gate.hpp"
#include "agent/report/log.hpp"
#include "agent/tunnel/tunnel_settings.hpp"

namespace tollgate::agent {

/// Where the metrics are served.
struct ListenAddress {
    std::string host = "127.0.0.1";
    std::uint16_t port = 9586;
    bool operator==(const ListenAddress&) const = default;
};

/// What tollgated was told to do, by its command line, its configuration file and its defaults, in
/// this order.
struct Options {
    std::vector<std::string> interfaces;
    /// What the configuration names may come later, at boot; what a flag names is there.
    bool interfaces_may_come = false;
    std::vector<std::string> default_routes;  ///< those that "auto" was found to stand for
    std::vector<std::string> tunnels;  ///< names of WireGuard interfaces for wg(8) to configure
    std::vector<TunnelSettings> configured_tunnels;
    /// The configuration file, whether or not there is one.
    std::filesystem::path config_file = kDefaultConfig;
    std::filesystem::path uapi_dir = "/var/run/wireguard";
    std::optional<std::filesystem::path> policy_file;
    bool follow_policy = false;        ///< keep in force what the policy file says
    std::vector<ListenAddress> reach;  ///< what a policy from the file must not cut off
    std::filesystem::path state_dir = "/var/lib/tollgate";
    std::filesystem::path run_dir = "/run/tollgate";
    GateOptions gate;
    std::shared_ptr<const FlowLogSettings> flow_log;  ///< of the configuration; null: none
    std::optional<ListenAddress> metrics = ListenAddress{};
    LogLevel log_level = LogLevel::info;
    bool show_help = false;
    bool show_version = false;
    bool cleanup = false;  ///< remove the data path instead of running
    bool dry_run = false;  ///< only say what cleanup would remove
    bool wait = false;     ///< after cleanup, until a signal
};

/// The text of --help.
[[nodiscard]] std::string usage();

/// Reads the command line, and the configuration file that it names or /etc/tollgate/tollgate.yaml
/// if there is one; with --cleanup it reads no file.
/// @param arguments  without the program's name
[[nodiscard]] StartResult<Options> read_options(const std::vector<std::string>& arguments);

/// "127.0.0.1:9586", "[::1]:9586", "off".
[[nodiscard]] Result<std::optional<ListenAddress>> parse_listen_address(const std::string& text);

}  // namespace tollgate::agent

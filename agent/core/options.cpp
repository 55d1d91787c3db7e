// SPDX-License-Identifier: MIT
#include "agent/core/options.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <functional>
#include <map>

#include <fmt/format.h>

#include "agent/core/remembered_interfaces.hpp"
#include "agent/system/default_route.hpp"
#include "agent/system/interface.hpp"

namespace tollgate::agent {

namespace {

using Flags = std::map<std::string, std::vector<std::string>>;

Unexpected<StartError> refuse_usage(std::string why) {
    return Unexpected<StartError>{
        StartError{ExitCode::usage, Error{{}, std::move(why) + "; see `tollgated --help`"}}};
}

bool is_switch(const std::string& name) {
    return name == "--help" || name == "--version" || name == "--cleanup" || name == "--dry-run" ||
           name == "--wait";
}

// "--name value", "--name=value" and switches.
StartResult<Flags> split(const std::vector<std::string>& arguments) {
    static const std::vector<std::string> kNames{"--interface",
                                                 "--tunnel",
                                                 "--uapi-dir",
                                                 "--config",
                                                 "--policy",
                                                 "--policy-watch",
                                                 "--policy-reach",
                                                 "--state-dir",
                                                 "--run-dir",
                                                 "--pin-dir",
                                                 "--metrics",
                                                 "--xdp-mode",
                                                 "--tunnel-mac1",
                                                 "--log-level"};
    Flags flags;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::size_t equals = arguments[i].find('=');
        const std::string name = arguments[i] == "-h" ? "--help" : arguments[i].substr(0, equals);
        if (is_switch(name)) {
            flags[name];
            continue;
        }
        if (std::find(kNames.begin(), kNames.end(), name) == kNames.end()) {
            return refuse_usage(fmt::format("unknown argument '{}'", arguments[i]));
        }
        if (equals == std::string::npos && i + 1 == arguments.size()) {
            return refuse_usage(fmt::format("{} needs a value", name));
        }
        std::string value =
            equals == std::string::npos ? arguments[++i] : arguments[i].substr(equals + 1);
        const bool many = name == "--interface" || name == "--tunnel" || name == "--policy-reach";
        if (!many && flags.contains(name)) {
            return refuse_usage(fmt::format("{} is given twice", name));
        }
        flags[name].push_back(std::move(value));
    }
    return flags;
}

bool set_xdp_mode(GateOptions& gate, const std::string& mode) {
    gate.force_generic = mode == "generic";
    gate.force_tc = mode == "tc";
    gate.lowest = mode == "native"    ? AttachMode::native
                  : mode == "generic" ? AttachMode::generic
                                      : AttachMode::tc;
    return mode == "auto" || mode == "native" || mode == "generic" || mode == "tc";
}

bool set_tunnel_mac1(GateOptions& gate, const std::string& where) {
    gate.check_mac1 = where == "gate";
    return where == "gate" || where == "agent";
}

bool set_policy_watch(Options& options, const std::string& what) {
    options.follow_policy = what == "apply";
    return what == "off" || what == "apply";
}

Result<void> set_reach(Options& options, const std::vector<std::string>& places) {
    options.reach.clear();
    for (const std::string& text : places) {
        const auto place = parse_listen_address(text);
        if (!place || !*place) {
            return failure(fmt::format("'{}' is no ADDRESS:PORT", text));
        }
        options.reach.push_back(**place);
    }
    return {};
}

std::vector<std::string> texts_of(const std::vector<policy::PlacedText>& placed) {
    std::vector<std::string> texts;
    for (const policy::PlacedText& one : placed) {
        texts.push_back(one.text);
    }
    return texts;
}

StartResult<void> read_config(bool wanted, Options& options) {
    auto file = read_config_file(options.config_file);
    if (!file) {
        if (!wanted && file.error().code.value() == ENOENT) {
            return {};
        }
        return Unexpected<StartError>{StartError{ExitCode::usage, file.error()}};
    }
    const policy::AgentConfig& config = file->agent;
    options.configured_tunnels = std::move(file->tunnels);
    options.flow_log = std::move(file->flow_log);
    options.interfaces = texts_of(config.interfaces);
    options.interfaces_may_come = true;
    if (config.policy) {
        options.policy_file = *config.policy;
    }
    set_policy_watch(options, config.policy_watch.value_or("off"));
    if (auto reach = set_reach(options, texts_of(config.policy_reach)); !reach) {
        return Unexpected<StartError>{StartError{ExitCode::usage, reach.error()}};
    }
    if (config.metrics) {
        auto address = parse_listen_address(config.metrics->text);
        if (!address) {
            return Unexpected<StartError>{StartError{ExitCode::usage, address.error()}};
        }
        options.metrics = *address;
    }
    set_xdp_mode(options.gate, config.xdp_mode.value_or("auto"));
    set_tunnel_mac1(options.gate, config.tunnel_mac1.value_or("gate"));
    options.log_level = parse_log_level(config.log_level.value_or("info")).value_or(LogLevel::info);
    options.gate.flows = config.flows.value_or(options.gate.flows);
    options.gate.embryos = config.embryos.value_or(options.gate.embryos);
    return {};
}

StartResult<void> apply_policy_flags(const Flags& flags, Options& options) {
    if (const auto flag = flags.find("--policy"); flag != flags.end()) {
        options.policy_file = flag->second.front();
    }
    if (const auto flag = flags.find("--policy-watch"); flag != flags.end()) {
        if (!set_policy_watch(options, flag->second.front())) {
            return refuse_usage("--policy-watch is off or apply");
        }
    }
    if (const auto flag = flags.find("--policy-reach"); flag != flags.end()) {
        if (auto reach = set_reach(options, flag->second); !reach) {
            return refuse_usage("--policy-reach: " + reach.error().message());
        }
    }
    if (options.follow_policy && !options.policy_file) {
        return refuse_usage("policyWatch: apply needs a policy file");
    }
    return {};
}

StartResult<void> apply_flags(const Flags& flags, Options& options) {
    const auto path = [&](const std::string& name, std::filesystem::path& target) {
        if (const auto flag = flags.find(name); flag != flags.end()) {
            target = flag->second.front();
        }
    };
    path("--state-dir", options.state_dir);
    path("--run-dir", options.run_dir);
    path("--pin-dir", options.gate.pin_dir);
    path("--uapi-dir", options.uapi_dir);
    if (const auto flag = flags.find("--tunnel"); flag != flags.end()) {
        options.tunnels = flag->second;
    }
    if (const auto flag = flags.find("--interface"); flag != flags.end()) {
        options.interfaces = flag->second;
        options.interfaces_may_come = false;
    }
    if (const auto flag = flags.find("--metrics"); flag != flags.end()) {
        auto address = parse_listen_address(flag->second.front());
        if (!address) {
            return refuse_usage(address.error().message());
        }
        options.metrics = *address;
    }
    if (const auto flag = flags.find("--xdp-mode"); flag != flags.end()) {
        if (!set_xdp_mode(options.gate, flag->second.front())) {
            return refuse_usage("--xdp-mode is auto, native, generic or tc");
        }
    }
    if (const auto flag = flags.find("--tunnel-mac1"); flag != flags.end()) {
        if (!set_tunnel_mac1(options.gate, flag->second.front())) {
            return refuse_usage("--tunnel-mac1 is gate or agent");
        }
    }
    if (const auto flag = flags.find("--log-level"); flag != flags.end()) {
        const auto level = parse_log_level(flag->second.front());
        if (!level) {
            return refuse_usage("--log-level is error, warn, info or debug");
        }
        options.log_level = *level;
    }
    return {};
}

// As interfaces to protect or as tunnels.
StartResult<void> check_names(const std::vector<std::string>& interfaces) {
    if (interfaces.size() > TG_ZONES_MAX) {
        return refuse_usage(fmt::format("at most {} interfaces", TG_ZONES_MAX));
    }
    for (std::size_t i = 0; i < interfaces.size(); ++i) {
        if (!is_interface_name(interfaces[i])) {
            return refuse_usage(fmt::format("'{}' is no name of an interface", interfaces[i]));
        }
        if (std::count(interfaces.begin(), interfaces.end(), interfaces[i]) > 1) {
            return refuse_usage(fmt::format("the interface {} is named twice", interfaces[i]));
        }
    }
    return {};
}

// "auto" stands for those of default routes. At boot there are none yet: then for those of last
// time.
StartResult<void> find_interfaces(Options& options) {
    std::vector<std::string>& interfaces = options.interfaces;
    const auto automatic = std::find(interfaces.begin(), interfaces.end(), "auto");
    if (automatic == interfaces.end()) {
        return {};
    }
    interfaces.erase(automatic);
    auto found = default_route_interfaces();
    if (found) {
        options.default_routes = *found;
    }
    if (found && found->empty()) {
        *found = remembered_interfaces(options.state_dir);
        options.interfaces_may_come = options.interfaces_may_come || !found->empty();
    }
    if (found && found->empty() && interfaces.empty()) {
        found = failure("there is no default route");
    }
    if (!found) {
        return Unexpected<StartError>{
            StartError{ExitCode::no_interface,
                       Error{found.error().code, "interfaces: auto: " + found.error().context}}};
    }
    for (std::string& name : *found) {
        if (std::find(interfaces.begin(), interfaces.end(), name) == interfaces.end()) {
            interfaces.push_back(std::move(name));
        }
    }
    return {};
}

StartResult<void> check_interfaces(const std::vector<std::string>& interfaces) {
    if (interfaces.empty()) {
        return refuse_usage("no interface to protect: give --interface or a configuration");
    }
    return check_names(interfaces);
}

}  // namespace

std::string usage() {
    return R"(tollgated: learns what this host says on the network and drops everything else

  --interface IF        an interface to protect; may be given several times; auto: those of the
                        default routes
  --tunnel IF           a WireGuard interface to make, for wg(8) to configure; the same
  --config FILE         configuration (default: /etc/tollgate/tollgate.yaml, if there is one)
  --policy FILE         the policy of the first start (default: learn, nothing is dropped)
  --policy-watch off|apply      keep in force what the policy file says (default: off)
  --policy-reach ADDRESS:PORT   what a policy from the file must not cut off; may be repeated
  --state-dir FOLDER    what survives a reboot (default: /var/lib/tollgate)
  --run-dir FOLDER      the control socket (default: /run/tollgate)
  --pin-dir FOLDER      the data path, in a BPF file system (default: /sys/fs/bpf/tollgate)
  --uapi-dir FOLDER     the sockets for wg(8) (default: /var/run/wireguard)
  --metrics ADDRESS:PORT|off   metrics and health pages (default: 127.0.0.1:9586)
  --xdp-mode MODE       auto, native, generic or tc (default: auto)
  --tunnel-mac1 WHERE   gate, or agent where a CPU is too slow for it (default: gate)
  --log-level LEVEL     error, warn, info or debug (default: info)
  --cleanup [--dry-run] removes the gate's programs and maps and the interfaces of tunnels from the
                        kernel, and nothing else; reads no configuration
  --cleanup --wait      the same, then waits for a signal
  --version, --help
)";
}

Result<std::optional<ListenAddress>> parse_listen_address(const std::string& text) {
    if (text == "off") {
        return std::optional<ListenAddress>{};
    }
    const std::size_t colon = text.rfind(':');
    ListenAddress address;
    if (colon == std::string::npos) {
        return failure(fmt::format("'{}' is no ADDRESS:PORT", text));
    }
    address.host = text.substr(0, colon);
    if (address.host.size() > 2 && address.host.front() == '[' && address.host.back() == ']') {
        address.host = address.host.substr(1, address.host.size() - 2);
    }
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + colon + 1, end, address.port);
    if (parsed.ec != std::errc{} || parsed.ptr != end || address.port == 0 ||
        !IpAddress::parse(address.host)) {
        return failure(fmt::format("'{}' is no ADDRESS:PORT", text));
    }
    return std::optional{address};
}

StartResult<Options> read_options(const std::vector<std::string>& arguments) {
    const auto flags = split(arguments);
    if (!flags) {
        return Unexpected<StartError>{flags.error()};
    }
    Options options;
    options.show_help = flags->contains("--help");
    options.show_version = flags->contains("--version");
    if (options.show_help || options.show_version) {
        return options;
    }
    options.cleanup = flags->contains("--cleanup");
    options.dry_run = flags->contains("--dry-run");
    options.wait = flags->contains("--wait");
    if ((options.dry_run || options.wait) && !options.cleanup) {
        return refuse_usage("--dry-run and --wait go with --cleanup");
    }
    const auto config = flags->find("--config");
    const bool wanted = config != flags->end();
    if (wanted) {
        options.config_file = config->second.front();
    }
    // The way out does not depend on a file that somebody may have mistyped.
    auto read = options.cleanup ? StartResult<void>{} : read_config(wanted, options);
    if (read) {
        read = apply_flags(*flags, options);
    }
    if (read) {
        read = apply_policy_flags(*flags, options);
    }
    if (read && !options.cleanup) {
        read = find_interfaces(options);
    }
    if (read && !options.cleanup) {
        read = check_interfaces(options.interfaces);
    }
    if (read && !options.cleanup) {
        std::vector<std::string> tunnels = options.tunnels;
        for (const TunnelSettings& tunnel : options.configured_tunnels) {
            tunnels.push_back(tunnel.name);
        }
        read = check_names(tunnels);
    }
    return read ? StartResult<Options>{options} : Unexpected<StartError>{read.error()};
}

}  // namespace tollgate::agent

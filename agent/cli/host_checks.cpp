// SPDX-License-Identifier: MIT
#include "agent/cli/host_checks.hpp"

#include <algorithm>
#include <fstream>
#include <optional>

#include <unistd.h>

#include <fmt/format.h>

#include "agent/cli/caller.hpp"
#include "agent/cli/emergency_open.hpp"
#include "agent/doctor/bpf_objects.hpp"
#include "agent/doctor/checks.hpp"
#include "agent/system/default_route.hpp"

namespace tollgate::cli {
namespace {

using agent::Check;
using agent::Health;

std::string first_word(const std::string& name) {
    return name.substr(0, name.find(' '));
}

class Examination {
  public:
    Examination(const Cli& cli, const std::vector<std::string>& wanted)
        : cli_{cli}, wanted_{wanted}, status_{cli.client().get("/v1/status")} {}

    [[nodiscard]] Json run();

  private:
    [[nodiscard]] bool wants(std::string_view name) const {
        return wanted_.empty() || std::ranges::find(wanted_, name) != wanted_.end();
    }
    void add(const Check& check);
    void check_agent();
    void check_kernel();
    void check_process();
    void check_scratch();
    void check_interfaces();
    void check_tunnels();
    void ask_agent();
    [[nodiscard]] std::vector<std::string> interfaces() const;
    [[nodiscard]] std::optional<agent::ProcessFacts> process() const;

    const Cli& cli_;
    const std::vector<std::string>& wanted_;
    Answer status_;
    agent::KernelFacts kernel_ = agent::kernel_facts();
    Json checks_ = Json::array();
};

void Examination::add(const Check& check) {
    if (!wants(first_word(check.name))) {
        return;
    }
    Json entry{
        {"name", check.name}, {"result", agent::label(check.health)}, {"detail", check.detail}};
    if (!check.fix.empty()) {
        entry["fix"] = check.fix;
    }
    checks_.push_back(std::move(entry));
}

void Examination::check_agent() {
    if (status_.ok()) {
        add({"agent",
             Health::ok,
             fmt::format("tollgated {}, pid {}",
                         text(status_.body, "version"),
                         number(status_.body, "pid"))});
        return;
    }
    if (status_.exit == Exit::refused) {
        add({"agent", Health::unknown, "not asked: " + status_.message(), "sudo tollgate doctor"});
        return;
    }
    add({"agent",
         Health::fail,
         status_.message(),
         "systemctl start tollgated # if it ends again: journalctl -u tollgated"});
    const Result<bool> open = gate_is_open(cli_.options.pin_dir);
    if (!open) {
        const bool absent = open.error().code.value() == ENOENT;
        add({"gate",
             absent ? Health::fail : Health::unknown,
             absent ? "no gate is loaded: everything passes" : open.error().message(),
             absent ? "systemctl start tollgated" : ""});
    } else {
        add(*open ? Check{"gate",
                          Health::warn,
                          "loaded and open: everything passes",
                          "systemctl start tollgated && tollgate enforce"}
                  : Check{"gate",
                          Health::ok,
                          "loaded: the last confirmed policy is in force without the agent"});
    }
}

void Examination::check_kernel() {
    add(agent::judge_kernel(kernel_));
    if (wants("features")) {
        add(agent::judge_features(agent::missing_features()));
    }
    add(agent::judge_jit(kernel_));
    add(agent::judge_bpffs(kernel_));
    add(agent::judge_unprivileged_bpf(kernel_));
    const auto agent = process();
    add(agent::judge_confinement(kernel_, agent ? &*agent : nullptr));
    add(agent::judge_clock(agent::clock_facts()));
}

/// Only if the process of that number is the agent: it may be in another namespace.
std::optional<agent::ProcessFacts> Examination::process() const {
    const auto pid = static_cast<pid_t>(number(status_.body, "pid"));
    std::string name;
    std::getline(std::ifstream{fmt::format("/proc/{}/comm", pid)}, name);
    return status_.ok() && name == "tollgated" ? agent::process_facts(pid) : std::nullopt;
}

void Examination::check_process() {
    if (!status_.ok()) {
        return;
    }
    const auto agent = process();
    if (!agent) {
        add({"capabilities",
             Health::unknown,
             "not checked: the agent's process cannot be seen here"});
        add({"memlock", Health::unknown, "not checked: the agent's process cannot be seen here"});
        return;
    }
    bool xsk = false;
    if (wants("capabilities")) {
        const Answer tunnels = cli_.client().get("/v1/tunnels");
        for (const Json& tunnel : list(tunnels.body, "tunnels")) {
            xsk = xsk || text(tunnel, "backend") == "xsk";
        }
    }
    add(agent::judge_capabilities(*agent, xsk));
    add(agent::judge_memlock(*agent, kernel_));
}

void Examination::check_scratch() {
    if (!wants("xdp") && !wants("xdp-socket")) {
        return;
    }
    const auto trial = agent::try_on_scratch_interface();
    add(agent::judge_xdp(trial));
    add(agent::judge_xdp_socket(trial));
}

/// Those that the agent protects, but for tunnels; without it, those of the default routes.
std::vector<std::string> Examination::interfaces() const {
    if (!status_.ok()) {
        return agent::default_route_interfaces().value_or(std::vector<std::string>{});
    }
    const Answer tunnels = cli_.client().get("/v1/tunnels");
    std::vector<std::string> names;
    for (const Json& interface : list(status_.body, "interfaces")) {
        const std::string name = text(interface, "name");
        const Json& all = list(tunnels.body, "tunnels");
        if (std::none_of(all.begin(), all.end(), [&](const Json& tunnel) {
                return text(tunnel, "name") == name;
            })) {
            names.push_back(name);
        }
    }
    return names;
}

void Examination::check_interfaces() {
    if (!wants("driver") && !wants("offload") && !wants("owners")) {
        return;
    }
    for (const std::string& interface : interfaces()) {
        const auto facts = agent::driver_facts(interface);
        add(agent::judge_driver(interface, facts));
        if (facts) {
            add(agent::judge_offload(interface, *facts));
        }
        if (wants("owners")) {
            add(agent::judge_owners(interface,
                                    agent::foreign_programs(interface, cli_.options.pin_dir)));
        }
    }
}

void Examination::check_tunnels() {
    if (!wants("mtu") || !status_.ok()) {
        return;
    }
    const Answer tunnels = cli_.client().get("/v1/tunnels");
    for (const Json& tunnel : list(tunnels.body, "tunnels")) {
        if (text(tunnel, "state") != "running") {
            continue;
        }
        agent::TunnelMtu narrow{text(tunnel, "name"), 0, {}, 0};
        narrow.mtu = agent::interface_mtu(narrow.tunnel)
                         .value_or(static_cast<std::uint32_t>(number(tunnel, "mtu")));
        for (const Json& peer : list(tunnel, "peers")) {
            const std::string endpoint = text(peer, "endpoint");
            const auto way = agent::mtu_of_way(endpoint);
            if (way && (narrow.way == 0 || *way < narrow.way)) {
                narrow.way = *way;
                narrow.endpoint = endpoint;
            }
        }
        add(agent::judge_mtu(narrow));
    }
}

void Examination::ask_agent() {
    if (!status_.ok()) {
        return;
    }
    std::uint64_t flows = 0;
    std::uint64_t embryos = 0;
    for (const Json& table : list(status_.body, "tables")) {
        (text(table, "table") == "flows" ? flows : embryos) +=
            text(table, "table") == "flows" || text(table, "table") == "embryos"
                ? number(table, "limit")
                : 0;
    }
    add(agent::judge_memory(flows, embryos, kernel_));
    const Json session = client_session();
    std::string path = "/v1/doctor";
    if (has(session, "remote")) {
        path += fmt::format("?remote={}&local={}&localPort={}",
                            url_encoded(text(session, "remote")),
                            url_encoded(text(session, "local")),
                            number(session, "localPort"));
    }
    const Answer doctor = cli_.client().get(path);
    for (const Json& check : list(doctor.body, "checks")) {
        if (wants(first_word(text(check, "name")))) {
            checks_.push_back(check);
        }
    }
    if (!doctor.ok()) {
        add({"agent", Health::fail, doctor.message(), "journalctl -u tollgated -p warning"});
    }
}

Json Examination::run() {
    check_agent();
    if (::geteuid() != 0) {
        add({"privileges",
             Health::unknown,
             "not root: what is \"unknown\" below needs root",
             "sudo tollgate doctor"});
    } else {
        add({"privileges", Health::ok, "root"});
    }
    check_kernel();
    check_process();
    check_scratch();
    check_interfaces();
    check_tunnels();
    ask_agent();
    Json doctor = envelope("Doctor");
    doctor["checks"] = std::move(checks_);
    return doctor;
}

}  // namespace

Json examine(const Cli& cli, const std::vector<std::string>& wanted) {
    return Examination{cli, wanted}.run();
}

}  // namespace tollgate::cli

// SPDX-License-Identifier: MIT
#include "agent/control/doctor.hpp"

#include <fstream>

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

#include <fmt/format.h>

#include "policy/explain.hpp"
#include "policy/notation.hpp"

namespace tollgate::agent {

namespace {

constexpr std::uint64_t kDiskWanted = std::uint64_t{16} << 20;

class Checks {
  public:
    void ok(std::string_view name, std::string detail) { add(name, "ok", std::move(detail), ""); }
    void warn(std::string_view name, std::string detail, std::string_view fix) {
        add(name, "warn", std::move(detail), fix);
    }
    void fail(std::string_view name, std::string detail, std::string_view fix) {
        add(name, "fail", std::move(detail), fix);
    }
    [[nodiscard]] Json take() { return std::move(checks_); }

  private:
    void add(std::string_view name,
             std::string_view result,
             std::string detail,
             std::string_view fix) {
        Json check{{"name", name}, {"result", result}, {"detail", std::move(detail)}};
        if (!fix.empty()) {
            check["fix"] = fix;
        }
        checks_.push_back(std::move(check));
    }

    Json checks_ = Json::array();
};

void check_jit(Checks& checks) {
    char value = '?';  // the file is not in every network namespace
    std::ifstream{"/proc/sys/net/core/bpf_jit_enable"} >> value;
    if (value == '0') {
        checks.warn("bpf-jit",
                    "the kernel interprets BPF programs: slow",
                    "sysctl net.core.bpf_jit_enable=1");
    } else if (value != '?') {
        checks.ok("bpf-jit", "programs are compiled");
    }
}

void check_interfaces(Agent& agent, Checks& checks) {
    for (const ProtectedInterface& interface : agent.watch().interfaces()) {
        const std::string name = "interface " + interface.name;
        if (interface.is_unprotected()) {
            checks.fail(name, interface.reason, "bring the interface up; it is attached by itself");
        } else if (!interface.is_there) {
            checks.ok(name, "a tunnel that does not run");
        } else if (interface.link == TG_LINK_TUNNEL) {
            checks.ok(name, "attached; a tunnel");
        } else if (interface.fell_back()) {
            checks.warn(name,
                        "not in the driver: " + interface.attachment->fallback_reason,
                        "a driver with native XDP makes drops cheap");
        } else {
            checks.ok(name, "attached in the driver");
        }
        const auto stage = agent.warden().stage_of(interface.name);
        if (stage != policy::Stage::enforce) {
            checks.warn(
                "stage " + interface.name,
                fmt::format("{}: nothing is dropped but explicit denies", policy::to_text(stage)),
                "tollgate enforce, when the policy is complete");
        } else {
            checks.ok("stage " + interface.name, "enforce");
        }
    }
}

void check_state(Agent& agent, Checks& checks) {
    struct statvfs disk {};
    const std::string folder = agent.options().state_dir.string();
    if (::statvfs(folder.c_str(), &disk) == 0 &&
        std::uint64_t{disk.f_bavail} * disk.f_frsize < kDiskWanted) {
        checks.warn("state", folder + " has less than 16 MiB left", "free some space");
    } else {
        checks.ok("state", folder);
    }
    for (const std::string& warning : agent.warnings()) {
        checks.warn("warning", warning, "see the log of tollgated");
    }
    if (const auto& pending = agent.warden().state().pending) {
        checks.warn(
            "pending",
            fmt::format("generation {} reverts unless confirmed", pending->generation.number),
            "tollgate confirm");
    }
}

void check_tables(Agent& agent, Checks& checks) {
    constexpr std::uint64_t kNearlyFull = 90;
    for (const Gate::TableUse& use : agent.gate().tables()) {
        if (use.limit > 0 && use.used * 100 >= use.limit * kNearlyFull) {
            checks.warn(fmt::format("table {}", use.table),
                        fmt::format("{} of {} entries", use.used, use.limit),
                        "larger tables: `tables` in the configuration");
        }
    }
}

// Whether the policy has somebody who may come in by SSH, and the resolvers of this host.
void check_reach(Agent& agent, Checks& checks) {
    const policy::Policy& policy = agent.warden().policy()->policy;
    constexpr std::uint16_t kSsh = 22;
    const bool ssh =
        std::any_of(policy.rules.begin(), policy.rules.end(), [&](const policy::Rule& rule) {
            return rule.direction == policy::Direction::ingress &&
                   rule.rank != policy::Rank::deny &&
                   policy::covers(rule, {IPPROTO_TCP, kSsh, kSsh});
        });
    if (ssh) {
        checks.ok("ssh", "a rule lets tcp/22 in");
    } else {
        checks.warn("ssh",
                    "no rule lets tcp/22 in",
                    "add a failsafe rule for your own address before enforcing from afar");
    }
}

}  // namespace

Json doctor_json(Agent& agent) {
    Checks checks;
    utsname kernel{};
    ::uname(&kernel);
    checks.ok("kernel", kernel.release);
    check_jit(checks);
    check_interfaces(agent, checks);
    check_state(agent, checks);
    check_tables(agent, checks);
    check_reach(agent, checks);
    Json json = envelope("Doctor");
    json["checks"] = checks.take();
    return json;
}

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#include "agent/control/doctor.hpp"

#include <sys/statvfs.h>

#include <fmt/format.h>

#include "agent/control/doctor_checks.hpp"
#include "policy/notation.hpp"

namespace tollgate::agent {

namespace {

constexpr std::uint64_t kDiskWanted = std::uint64_t{16} << 20;

void check_stage(const Agent& agent, const std::string& interface, DoctorChecks& checks) {
    const std::string name = "stage " + interface;
    const auto stage = agent.warden().stage_of(interface);
    if (stage == policy::Stage::enforce) {
        checks.ok(name, "enforce");
    } else {
        checks.warn(
            name,
            stage == policy::Stage::open
                ? "open: everything passes"
                : fmt::format("{}: nothing is dropped but explicit denies", policy::to_text(stage)),
            "tollgate enforce # when `tollgate policy diff` shows what you want");
    }
}

void check_interfaces(Agent& agent, DoctorChecks& checks) {
    for (const ProtectedInterface& interface : agent.watch().interfaces()) {
        const std::string name = "interface " + interface.name;
        if (interface.is_unprotected()) {
            checks.fail(name,
                        interface.reason,
                        "tollgate doctor owners # who else is there; it is attached by itself once "
                        "it can be");
        } else if (!interface.is_there) {
            checks.ok(name, "a tunnel that does not run");
        } else if (interface.link == TG_LINK_TUNNEL) {
            checks.ok(name, "attached; a tunnel");
        } else if (interface.fell_back()) {
            checks.warn(
                name,
                "not in the driver: " + interface.attachment->fallback_reason,
                "tollgate doctor driver offload # what the driver can, and what is in its way");
        } else {
            checks.ok(name, "attached in the driver");
        }
        check_stage(agent, interface.name, checks);
    }
}

void check_state(Agent& agent, DoctorChecks& checks) {
    struct statvfs disk {};
    const std::string folder = agent.options().state_dir.string();
    if (::statvfs(folder.c_str(), &disk) == 0 &&
        std::uint64_t{disk.f_bavail} * disk.f_frsize < kDiskWanted) {
        checks.warn("state",
                    folder + " has less than 16 MiB left",
                    fmt::format("du -xsh {}/* # then make room on its file system", folder));
    } else {
        checks.ok("state", folder);
    }
    for (const std::string& warning : agent.warnings()) {
        checks.warn("warning", warning, "journalctl -u tollgated -p warning # says more");
    }
    if (const auto& pending = agent.warden().state().pending) {
        checks.warn(
            "pending",
            fmt::format("generation {} reverts unless confirmed", pending->generation.number),
            "tollgate confirm # from a new connection");
    }
}

/// The way to more room, or to fewer entries.
const char* relief_of(std::string_view table) {
    if (table == "blocklist") {
        return "tollgate blocklist list --no-headers >b.txt && ${EDITOR:-vi} b.txt && tollgate "
               "blocklist "
               "load --replace b.txt";
    }
    return "tollgate status # look again: its entries age";
}

void check_tables(Agent& agent, DoctorChecks& checks) {
    constexpr std::uint64_t kNearlyFull = 90;
    for (const Gate::TableUse& use : agent.gate().tables()) {
        // The others are full after a while, and forget what was quiet the longest.
        if (use.table != "services" && use.table != "blocklist") {
            continue;
        }
        if (use.limit > 0 && use.used * 100 >= use.limit * kNearlyFull) {
            checks.warn(fmt::format("table {}", use.table),
                        fmt::format("{} of {} entries", use.used, use.limit),
                        relief_of(use.table));
        }
    }
}

}  // namespace

Json doctor_json(Agent& agent, const Session& caller) {
    DoctorChecks checks;
    check_interfaces(agent, checks);
    check_state(agent, checks);
    check_tables(agent, checks);
    check_reach(agent, caller, checks);
    Json json = envelope("Doctor");
    json["checks"] = checks.take();
    return json;
}

}  // namespace tollgate::agent

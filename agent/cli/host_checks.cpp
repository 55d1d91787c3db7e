// SPDX-License-Identifier: MIT
#include "agent/cli/host_checks.hpp"

#include <cstdlib>
#include <fstream>

#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fmt/format.h>

#include "agent/cli/emergency_open.hpp"

namespace tollgate::cli {
namespace {

Json check(const char* name, const char* result, std::string detail, std::string fix = "") {
    Json entry{{"name", name}, {"result", result}, {"detail", std::move(detail)}};
    if (!fix.empty()) {
        entry["fix"] = std::move(fix);
    }
    return entry;
}

Json check_kernel() {
    constexpr int kMajor = 5;
    constexpr int kMinor = 10;
    utsname names{};
    ::uname(&names);
    char* rest = nullptr;
    const long major = std::strtol(names.release, &rest, 10);
    const long minor = *rest == '.' ? std::strtol(rest + 1, nullptr, 10) : 0;
    const bool recent = major > kMajor || (major == kMajor && minor >= kMinor);
    return check("kernel",
                 recent ? "ok" : "fail",
                 names.release,
                 recent ? "" : "Linux 5.10 or newer is needed");
}

Json check_jit() {
    std::ifstream file{"/proc/sys/net/core/bpf_jit_enable"};
    int enabled = 0;
    if (!(file >> enabled)) {
        return check("bpf jit", "warn", "cannot tell");
    }
    return enabled != 0 ? check("bpf jit", "ok", "enabled")
                        : check("bpf jit",
                                "warn",
                                "disabled: BPF programs are interpreted, slowly",
                                "sysctl net.core.bpf_jit_enable=1");
}

Json check_bpffs() {
    struct statfs file_system {};
    const bool mounted =
        ::statfs("/sys/fs/bpf", &file_system) == 0 && file_system.f_type == BPF_FS_MAGIC;
    return mounted
               ? check("bpffs", "ok", "mounted at /sys/fs/bpf")
               : check(
                     "bpffs", "fail", "not mounted at /sys/fs/bpf", "mount -t bpf bpf /sys/fs/bpf");
}

Json check_gate(const Options& options) {
    const Result<bool> open = gate_is_open(options.pin_dir);
    if (!open) {
        return check("gate", "warn", open.error().message());
    }
    return *open ? check("gate", "warn", "loaded and open: everything passes")
                 : check("gate",
                         "ok",
                         "loaded: the last confirmed policy is in force without the agent");
}

}  // namespace

Json check_host(const Answer& agent, const Options& options) {
    Json doctor = envelope("Doctor");
    doctor["checks"] = Json::array({
        check(
            "agent", "fail", agent.message(), "systemctl start tollgated; journalctl -u tollgated"),
        check_kernel(),
        check_jit(),
        check_bpffs(),
        check_gate(options),
    });
    if (::geteuid() != 0) {
        doctor["checks"].push_back(check("privileges", "warn", "not root: some checks see less"));
    }
    return doctor;
}

}  // namespace tollgate::cli

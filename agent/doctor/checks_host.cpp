// SPDX-License-Identifier: MIT
#include <array>
#include <ctime>

#include <linux/capability.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <tollgate/abi/flow.h>

#include "agent/doctor/checks.hpp"

namespace tollgate::agent {
namespace {

constexpr const char* kNewerKernel =
    "apt-get install \"linux-image-$(dpkg --print-architecture)\" # then reboot";
constexpr std::uint64_t kMebi = std::uint64_t{1} << 20U;

Check unknown(const char* name, const Error& error) {
    return {name, Health::unknown, "not checked: " + error.message()};
}

bool has(const ProcessFacts& process, unsigned capability) {
    return (process.capabilities >> capability & 1U) != 0;
}

}  // namespace

const char* label(Health health) {
    switch (health) {
        case Health::ok:
            return "ok";
        case Health::warn:
            return "warn";
        case Health::fail:
            return "fail";
        case Health::unknown:
            return "unknown";
    }
    return "";
}

Check judge_kernel(const KernelFacts& facts) {
    constexpr std::pair kOldest{5U, 10U};
    constexpr std::pair kSoftirqsWithoutLock{6U, 18U};  // commit 3253cb49cbad
    if (std::pair{facts.major, facts.minor} < kOldest) {
        return {"kernel",
                Health::fail,
                facts.release + " is too old: 5.10 or newer is needed",
                kNewerKernel};
    }
    if (facts.realtime && std::pair{facts.major, facts.minor} >= kSoftirqsWithoutLock) {
        return {"kernel",
                Health::warn,
                facts.release +
                    " is a real-time kernel: unless it has PREEMPT_RT_NEEDS_BH_LOCK, packets "
                    "disturb each other in the gate",
                "grep PREEMPT_RT_NEEDS_BH_LOCK \"/boot/config-$(uname -r)\" # want =y"};
    }
    return {"kernel", Health::ok, facts.release};
}

Check judge_features(const Result<std::vector<std::string>>& missing) {
    if (!missing) {
        return unknown("features", missing.error());
    }
    if (!missing->empty()) {
        return {"features",
                Health::fail,
                fmt::format("this kernel was built without {}", fmt::join(*missing, ", ")),
                kNewerKernel};
    }
    return {"features", Health::ok, "every kind of map and program that the gate needs"};
}

Check judge_jit(const KernelFacts& facts) {
    if (!facts.jit) {
        return {"jit", Health::unknown, "not checked: this namespace does not show it"};
    }
    if (facts.arm32) {
        return *facts.jit == 0
                   ? Check{"jit",
                           Health::ok,
                           "off, as it has to be on 32-bit ARM: programs are interpreted"}
                   : Check{"jit",
                           Health::fail,
                           "on, but 32-bit ARM cannot compile all BPF programs",
                           "sysctl -w net.core.bpf_jit_enable=0"};
    }
    return *facts.jit != 0 ? Check{"jit", Health::ok, "BPF programs are compiled"}
                           : Check{"jit",
                                   Health::warn,
                                   "off: BPF programs are interpreted, slowly",
                                   "sysctl -w net.core.bpf_jit_enable=1"};
}

Check judge_bpffs(const KernelFacts& facts) {
    return facts.bpffs ? Check{"bpffs", Health::ok, "mounted at /sys/fs/bpf"}
                       : Check{"bpffs",
                               Health::fail,
                               "not mounted at /sys/fs/bpf: the gate has no place to be pinned",
                               "mount -t bpf bpf /sys/fs/bpf"};
}

Check judge_unprivileged_bpf(const KernelFacts& facts) {
    if (!facts.unprivileged_bpf) {
        return {"unprivileged-bpf", Health::unknown, "not checked: the kernel does not say"};
    }
    return *facts.unprivileged_bpf != 0
               ? Check{"unprivileged-bpf", Health::ok, "only with CAP_BPF"}
               : Check{"unprivileged-bpf",
                       Health::warn,
                       "every user may load BPF programs, and side channels have used that",
                       "sysctl -w kernel.unprivileged_bpf_disabled=2"};
}

Check judge_confinement(const KernelFacts& facts, const ProcessFacts* agent) {
    const std::string lockdown =
        facts.lockdown.empty() || facts.lockdown == "none" ? "" : "lockdown " + facts.lockdown;
    if (agent != nullptr && agent->profile.ends_with("(enforce)")) {
        const std::string profile = agent->profile.substr(0, agent->profile.find(' '));
        return {
            "confinement",
            Health::warn,
            fmt::format("the AppArmor profile {} holds the agent; it must allow bpf and "
                        "/sys/fs/bpf",
                        profile),
            fmt::format("aa-complain {} # then look for what it denies: journalctl -k -g DENIED",
                        profile)};
    }
    return {"confinement",
            Health::ok,
            lockdown.empty() ? "no lockdown, no AppArmor profile"
                             : lockdown + ", which the gate does not mind"};
}

Check judge_clock(const ClockFacts& facts) {
    constexpr std::int64_t kStartOf2024 = 1'704'067'200;
    const char* fix = "timedatectl set-ntp true # or: chronyc makestep";
    if (facts.wall_s < kStartOf2024) {
        const auto wall = static_cast<std::time_t>(facts.wall_s);
        std::tm utc{};
        ::gmtime_r(&wall, &utc);
        return {"clock",
                Health::fail,
                fmt::format("it is {} here: rules that expire and handshakes go wrong",
                            utc.tm_year + 1900),
                fix};
    }
    return facts.synchronised ? Check{"clock", Health::ok, "synchronised"}
                              : Check{"clock",
                                      Health::warn,
                                      "nothing keeps it: no time service has set it since the boot",
                                      fix};
}

Check judge_capabilities(const ProcessFacts& agent, bool xsk) {
    std::vector<std::string> missing;
    const bool admin = has(agent, CAP_SYS_ADMIN);
    if (!admin && !has(agent, CAP_BPF)) {
        missing.emplace_back("CAP_BPF");
    }
    if (!admin && !has(agent, CAP_PERFMON)) {
        missing.emplace_back("CAP_PERFMON");
    }
    if (!has(agent, CAP_NET_ADMIN)) {
        missing.emplace_back("CAP_NET_ADMIN");
    }
    const bool fails = !missing.empty();
    if (!has(agent, CAP_NET_RAW)) {
        missing.emplace_back("CAP_NET_RAW");
    }
    if (missing.empty()) {
        return {"capabilities", Health::ok, "the agent has what it needs"};
    }
    if (!fails && !xsk) {
        return {"capabilities", Health::ok, "without CAP_NET_RAW: enough as no tunnel uses AF_XDP"};
    }
    return {
        "capabilities",
        fails ? Health::fail : Health::warn,
        fmt::format("the agent lacks {}{}",
                    fmt::join(missing, ", "),
                    fails ? "" : ": its tunnels cannot use AF_XDP"),
        "systemctl revert tollgated && systemctl restart tollgated # the unit of the package has "
        "them"};
}

Check judge_memlock(const ProcessFacts& agent, const KernelFacts& kernel) {
    constexpr std::uint64_t kEnough = 64 * kMebi;
    constexpr std::pair kByCgroup{5U, 11U};  // before it, maps count against the limit, too
    if (!agent.locked_bytes || *agent.locked_bytes >= kEnough) {
        return {
            "memlock",
            Health::ok,
            agent.locked_bytes ? fmt::format("{} MiB", *agent.locked_bytes / kMebi) : "unlimited"};
    }
    if (has(agent, CAP_IPC_LOCK)) {
        return {"memlock", Health::ok, "limited, but CAP_IPC_LOCK lifts the limit"};
    }
    const bool old = std::pair{kernel.major, kernel.minor} < kByCgroup;
    return {"memlock",
            old ? Health::fail : Health::warn,
            fmt::format("the agent may lock {} KiB: {}",
                        *agent.locked_bytes >> 10U,
                        old ? "too little for the gate" : "too little for a tunnel over AF_XDP"),
            fmt::format("prlimit --pid {} --memlock=unlimited:unlimited # to last: "
                        "LimitMEMLOCK=infinity",
                        agent.pid)};
}

Check judge_memory(std::uint64_t flows, std::uint64_t embryos, const KernelFacts& kernel) {
    constexpr std::uint64_t kOverhead = 64;  // of an entry of an LRU hash map, about
    constexpr std::uint64_t kShare = 4;
    const std::uint64_t bytes =
        (flows + embryos) * (sizeof(tg_flow_key) + sizeof(tg_flow) + kOverhead);
    if (!kernel.memory_bytes) {
        return {
            "memory", Health::unknown, "not checked: the kernel does not say how much there is"};
    }
    const std::string detail = fmt::format(
        "{} flows take about {} of {} MiB", flows, bytes / kMebi, *kernel.memory_bytes / kMebi);
    if (bytes * kShare < *kernel.memory_bytes) {
        return {"memory", Health::ok, detail};
    }
    return {"memory",
            Health::warn,
            detail + ": more than a quarter",
            "systemctl stop tollgated && tollgate cleanup && systemctl start tollgated # with a "
            "smaller `tables.flows` in tollgate.yaml"};
}

}  // namespace tollgate::agent

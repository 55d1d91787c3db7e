// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

namespace tollgate::agent {

/// What the kernel of this host says of itself. A value that cannot be read is absent.
struct KernelFacts {
    std::string release;  ///< "6.1.0-28-amd64"
    unsigned major = 0;
    unsigned minor = 0;
    std::optional<int> jit;               ///< net.core.bpf_jit_enable
    std::optional<int> unprivileged_bpf;  ///< kernel.unprivileged_bpf_disabled: 0 allows it
    bool bpffs = false;                   ///< at /sys/fs/bpf
    std::string lockdown;  ///< "none", "integrity", "confidentiality"; "": no such LSM
    std::optional<std::uint64_t> memory_bytes;
    bool arm32 = false;     ///< a kernel for 32-bit ARM, which cannot compile all of our programs
    bool realtime = false;  ///< PREEMPT_RT
};
[[nodiscard]] KernelFacts kernel_facts();

struct ClockFacts {
    std::int64_t wall_s = 0;  ///< since 1970
    bool synchronised = false;
};
[[nodiscard]] ClockFacts clock_facts();

/// What a process may do.
struct ProcessFacts {
    pid_t pid = 0;
    std::uint64_t capabilities = 0;  ///< the effective ones, a bit for each (capabilities(7))
    std::optional<std::uint64_t> locked_bytes;  ///< RLIMIT_MEMLOCK; nothing: unlimited
    std::string profile;                        ///< of AppArmor: "tollgated (enforce)"; "": none
};
/// @return nothing: there is no such process
[[nodiscard]] std::optional<ProcessFacts> process_facts(pid_t pid);

/// The size of the largest datagram that a way takes without fragments, as the kernel knows it.
/// @param endpoint  "192.0.2.1:51820", "[2001:db8::1]:51820"
/// @return nothing: no way there
[[nodiscard]] std::optional<std::uint32_t> mtu_of_way(const std::string& endpoint);

}  // namespace tollgate::agent

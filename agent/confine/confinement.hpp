// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include <tollgate/result.hpp>

#include "agent/confine/privileges.hpp"
#include "agent/confine/syscall_profile.hpp"

namespace tollgate::agent {

/// Hard limits of one process (setrlimit(2)). What is not set, or is less already, stays as it is;
/// there is never a core dump.
struct ProcessLimits {
    std::optional<std::uint64_t> memory_bytes;  ///< address space, if limits_memory()
    std::optional<std::uint64_t> cpu_seconds;
    std::optional<std::uint64_t> open_files;
    std::optional<std::uint64_t> file_bytes;  ///< size of files that it writes, its log among them
};

/// Whether memory is limited: not in a build with a sanitizer, whose shadow memory is terabytes of
/// address space.
[[nodiscard]] bool limits_memory();

/// What a process may be left with.
struct Confinement {
    SyscallProfile profile;
    std::vector<int> descriptors;  ///< that stay open, besides standard error
    ProcessLimits limits;
    bool keeps_descriptors = false;  ///< all stay open: the process has opened them itself
    Kept kept = Kept::none;          ///< of the capabilities
};

/// What became of it: what is not the same on every kernel and in every container. The rest holds,
/// or confine() has failed.
struct ConfinementReport {
    uid_t user = 0;
    gid_t group = 0;
    bool own_user = false;       ///< no longer the user that started it
    bool bounding_set = false;   ///< emptied, too
    std::uint32_t landlock = 0;  ///< the ABI that is used; 0: the kernel has none
};

/// The user of confined processes, of the Debian package; elsewhere they are user 65534.
inline constexpr std::string_view kConfinedUser = "_tollgate";

/// Takes from the calling process, for good, what it has no need of. In this order: a score below 0
/// with which it would be spared when memory is short (oom_score_adj), descriptors and core dumps,
/// limits, the file system (Landlock), the bounding set, user and groups (if it has
/// CAP_SETUID and CAP_SETGID), all capabilities but what is kept, and every system call that is not
/// of its profile. A parent-death signal is kept.
/// @pre the process has one thread; threads that it starts later are confined as it is
/// @return the first thing that failed. Half confined, the process must then end
[[nodiscard]] Result<ConfinementReport> confine(const Confinement& wanted);

/// One line for the log: "user=65534 capabilities=none no_new_privs=1 seccomp=exporter landlock=7".
[[nodiscard]] std::string describe(const Confinement& wanted, const ConfinementReport& report);

}  // namespace tollgate::agent

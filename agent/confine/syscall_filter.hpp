// SPDX-License-Identifier: MIT
#pragma once

#include <tollgate/result.hpp>

#include "agent/confine/syscall_profile.hpp"

namespace tollgate::agent {

/// Leaves the process the system calls of a profile, for good and for all its threads. Any other,
/// and any of another architecture's, ends it with SIGSYS. Needs no_new_privs.
/// @return EINVAL: the kernel has no seccomp filters; else as seccomp(2)
[[nodiscard]] Result<void> filter_syscalls(SyscallProfile profile);

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <tollgate/result.hpp>

namespace tollgate::agent {

/// Sets no_new_privs: nothing that the process runs has more rights than it.
[[nodiscard]] Result<void> renounce_new_privileges();

/// Empties the bounding set of capabilities, and the ambient one.
/// @return false: it has no CAP_SETPCAP, the bounding set stays
[[nodiscard]] Result<bool> empty_bounding_set();

/// Becomes this user and group, without supplementary groups.
/// @return false: it has no CAP_SETUID and CAP_SETGID, and stays who it is
[[nodiscard]] Result<bool> become(uid_t user, gid_t group);

/// Gives up the permitted, effective and inheritable capabilities of the calling thread.
[[nodiscard]] Result<void> drop_capabilities();

}  // namespace tollgate::agent

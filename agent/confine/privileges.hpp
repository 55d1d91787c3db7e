// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <sys/types.h>

#include <tollgate/result.hpp>

namespace tollgate::agent {

/// Sets no_new_privs: nothing that the process runs has more rights than it.
[[nodiscard]] Result<void> renounce_new_privileges();

/// Empties the bounding set of capabilities, and the ambient one.
/// @return false: it has no CAP_SETPCAP, the bounding set stays
[[nodiscard]] Result<bool> empty_bounding_set();

/// What is left of the capabilities.
enum class Kept : std::uint8_t {
    none,
    bpf,  ///< CAP_BPF, permitted and effective
};

/// Becomes this user and group, without supplementary groups. The permitted capabilities stay.
/// @return false: it has no CAP_SETUID and CAP_SETGID, and stays who it is
[[nodiscard]] Result<bool> become(uid_t user, gid_t group);

/// Gives up the permitted, effective and inheritable capabilities of the calling thread.
[[nodiscard]] Result<void> drop_capabilities(Kept kept);

/// Whether the kernel refuses whoever has no CAP_BPF the entries of maps whose descriptors he has:
/// it does before Linux 5.19, where kernel.unprivileged_bpf_disabled is set. Asks the kernel,
/// without the effective capabilities, which the calling thread has again afterwards.
/// @return false, too: the calling thread has no CAP_BPF that it could keep
[[nodiscard]] Result<bool> are_map_entries_privileged();

}  // namespace tollgate::agent

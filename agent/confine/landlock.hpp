// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <tollgate/result.hpp>

namespace tollgate::agent {

/// The ABI of Landlock that the kernel has (Linux 5.13: 1, 6.1: 2, 6.7: 4, 6.12: 6); 0: none, or it
/// is off.
[[nodiscard]] std::uint32_t landlock_abi();

/// Takes the file system from the process, as far as the kernel's ABI goes; from ABI 4 on TCP
/// ports, too, from 6 on signals to others and their abstract sockets. Descriptors that are open
/// stay as they are. Needs no_new_privs. Does nothing where there is no Landlock.
/// @return the ABI that is used
[[nodiscard]] Result<std::uint32_t> take_file_system();

}  // namespace tollgate::agent

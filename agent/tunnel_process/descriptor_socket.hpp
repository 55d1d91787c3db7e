// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <sys/types.h>

#include "agent/system/file_descriptor.hpp"

/// Bytes with descriptors over a Unix socket (SCM_RIGHTS, unix(7)).
namespace tollgate::agent::tunnel_process {

/// Descriptors that may come with one message.
inline constexpr std::size_t kDescriptorsMax = 16;

/// Sends some of the bytes, with all descriptors. @return how many; -1 and errno: as sendmsg(2)
[[nodiscard]] ssize_t send_with(int socket,
                                std::span<const std::byte> bytes,
                                std::span<const int> descriptors,
                                int flags = 0);

/// What has been sent so. Descriptors beyond kDescriptorsMax are closed, and the call fails.
/// @return how many bytes; 0: the other end is closed; -1 and errno: as recvmsg(2), EMSGSIZE: more
///         bytes or descriptors than there is room for
[[nodiscard]] ssize_t receive_with(int socket,
                                   std::span<std::byte> bytes,
                                   std::vector<FileDescriptor>& descriptors,
                                   int flags = 0);

}  // namespace tollgate::agent::tunnel_process

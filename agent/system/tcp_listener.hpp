// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include <tollgate/result.hpp>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

/// A TCP socket that listens. @param host an address, or a name, of which the first address is
/// taken
/// @return EADDRINUSE, EADDRNOTAVAIL, EACCES; else as socket(2), bind(2)
[[nodiscard]] Result<FileDescriptor> listen_tcp(const std::string& host, std::uint16_t port);

}  // namespace tollgate::agent

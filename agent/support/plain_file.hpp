// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include <tollgate/result.hpp>

namespace tollgate::agent {

/// Reads a regular file that no symbolic link leads to: in the place of a configuration there might
/// be one to anything. @return ELOOP: there is one on the way; EFBIG; EINVAL: no regular file; else
/// as open(2)
[[nodiscard]] Result<std::string> read_plain_file(const std::filesystem::path& path,
                                                  std::size_t limit);

}  // namespace tollgate::agent

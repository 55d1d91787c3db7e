// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <tollgate/result.hpp>

namespace tollgate::agent {

struct ArchiveEntry {
    std::string path;  ///< at most 99 characters; relative
    std::string content;
};

/// Writes a new tar.gz with the mode 0600, its entries with the same mode and of nobody in
/// particular. A symbolic link in the place of `path` is not followed, nothing is replaced.
/// @param time  of the entries, seconds since 1970
/// @return EEXIST: there is something of that name; else as open(2), write(2), and then no file
/// stays behind
[[nodiscard]] Result<void> write_archive(const std::filesystem::path& path,
                                         const std::vector<ArchiveEntry>& entries,
                                         std::int64_t time);

}  // namespace tollgate::agent

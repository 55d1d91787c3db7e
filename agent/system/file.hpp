// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include <tollgate/result.hpp>

namespace tollgate::agent {

/// Reads a whole regular file. Never blocks on a FIFO and never follows one into a device.
/// @return EFBIG: more than `limit` bytes; EINVAL: not a regular file; EISDIR; else as open(2)
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit);

/// Replaces a file so that after a crash there is the old content or the new, never a mixture:
/// a new file in the same folder, synced, renamed over the old, and the folder synced.
/// @param mode  permissions of the new file, whatever the umask
/// @return as open(2), write(2), fsync(2), rename(2), ENOSPC among them; then the old file is
/// intact. If only the folder could not be synced the new file is there, but a crash may undo it.
[[nodiscard]] Result<void> write_file(const std::filesystem::path& path,
                                      std::string_view content,
                                      mode_t mode = 0600);

/// Makes a folder and its parents. A folder that exists already keeps its permissions.
/// @param mode  permissions of the last folder; parents get 0755
/// @return ENOTDIR: something else has that name; else as mkdir(2)
[[nodiscard]] Result<void> make_folder(const std::filesystem::path& path, mode_t mode);

/// The paths of what is in a folder, in their order. Unlike a loop over std::filesystem's iterator,
/// which may end by an exception at any step, it tells of a folder that cannot be read to its end.
/// @return as opendir(3), readdir(3)
[[nodiscard]] Result<std::vector<std::filesystem::path>> entries_of(
    const std::filesystem::path& folder);

}  // namespace tollgate::agent

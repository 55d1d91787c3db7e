// SPDX-License-Identifier: MIT
#include "agent/system/file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kRoomAtLeast = 4096;

Failure failed(std::string_view action, const fs::path& path, int error) {
    return failure(error, fmt::format("{} {}", action, path.string()));
}

fs::path folder_of(const fs::path& path) {
    return path.has_parent_path() ? path.parent_path() : fs::path{"."};
}

// The errno value, or none.
std::optional<int> write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t written = ::write(fd, content.data(), content.size());
        if (written >= 0) {
            content.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return std::nullopt;
}

Result<void> sync_folder(const fs::path& folder) {
    const FileDescriptor fd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    // Some file systems cannot sync a folder and say EINVAL; the rename is as durable as they get.
    if (!fd || (::fsync(fd.get()) != 0 && errno != EINVAL)) {
        return failed("sync folder", folder, errno);
    }
    return {};
}

std::optional<int> fill(int fd, std::string_view content, mode_t mode) {
    if (::fchmod(fd, mode) != 0) {
        return errno;
    }
    if (const auto error = write_all(fd, content)) {
        return error;
    }
    return ::fsync(fd) == 0 ? std::nullopt : std::optional{errno};
}

}  // namespace

Result<std::string> read_file(const fs::path& path, std::size_t limit) {
    const FileDescriptor fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    if (!fd) {
        return failed("read", path, errno);
    }
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) {
        return failed("read", path, errno);
    }
    if (!S_ISREG(status.st_mode)) {
        return S_ISDIR(status.st_mode)
                   ? failed("read", path, EISDIR)
                   : failure(EINVAL, fmt::format("{} is not a regular file", path.string()));
    }
    // A file of /proc says that it has no bytes, and one that is written to has more than it said.
    std::string content;
    std::size_t room = static_cast<std::size_t>(status.st_size) + kRoomAtLeast;
    std::size_t size = 0;
    while (size <= limit) {
        content.resize(std::min(limit + 1, size == content.size() ? size + room : content.size()));
        const ssize_t count = ::read(fd.get(), content.data() + size, content.size() - size);
        if (count == 0) {
            break;
        }
        if (count > 0) {
            size += static_cast<std::size_t>(count);
            room = size;
        } else if (errno != EINTR) {
            return failed("read", path, errno);
        }
    }
    if (size > limit) {
        return failure(EFBIG, fmt::format("{} is larger than {} bytes", path.string(), limit));
    }
    content.resize(size);
    return content;
}

Result<void> write_file(const fs::path& path, std::string_view content, mode_t mode) {
    std::string temporary =
        (folder_of(path) / ("." + path.filename().string() + ".XXXXXX")).string();
    FileDescriptor fd{::mkostemp(temporary.data(), O_CLOEXEC)};
    if (!fd) {
        return failed("write", path, errno);
    }
    std::optional<int> error = fill(fd.get(), content, mode);
    fd.reset();
    if (!error && ::rename(temporary.c_str(), path.c_str()) != 0) {
        error = errno;
    }
    if (error) {
        ::unlink(temporary.c_str());
        return failed("write", path, *error);
    }
    return sync_folder(folder_of(path));
}

Result<void> make_folder(const fs::path& path, mode_t mode) {
    std::error_code error;
    if (path.has_parent_path()) {
        fs::create_directories(path.parent_path(), error);
        if (error) {
            return failed("make folder", path.parent_path(), error.value());
        }
    }
    if (::mkdir(path.c_str(), mode) != 0) {
        if (errno != EEXIST) {
            return failed("make folder", path, errno);
        }
        return fs::is_directory(path, error) ? Result<void>{}
                                             : failed("make folder", path, ENOTDIR);
    }
    if (::chmod(path.c_str(), mode) != 0) {
        return failed("make folder", path, errno);
    }
    return {};
}

Result<std::vector<fs::path>> entries_of(const fs::path& folder) {
    std::error_code error;
    std::vector<fs::path> entries;
    for (fs::directory_iterator entry{folder, error}, end; !error && entry != end;
         entry.increment(error)) {
        entries.push_back(entry->path());
    }
    if (error) {
        return failed("read folder", folder, error.value());
    }
    std::sort(entries.begin(), entries.end());
    return entries;
}

}  // namespace tollgate::agent

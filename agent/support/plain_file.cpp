// SPDX-License-Identifier: MIT
#include "agent/support/plain_file.hpp"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

Result<std::string> read_plain_file(const std::filesystem::path& path, std::size_t limit) {
    open_how how{};
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    how.resolve = RESOLVE_NO_SYMLINKS;
    const FileDescriptor fd{
        static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how))};
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0) {
        return failure(errno, "read " + path.string());
    }
    if (!S_ISREG(status.st_mode)) {
        return failure(EINVAL, path.string() + " is no regular file");
    }
    std::string content;
    std::array<char, std::size_t{1} << 14U> buffer{};
    ssize_t size = 0;
    while ((size = ::read(fd.get(), buffer.data(), buffer.size())) > 0) {
        content.append(buffer.data(), static_cast<std::size_t>(size));
        if (content.size() > limit) {
            return failure(EFBIG, "read " + path.string());
        }
    }
    return size == 0 ? Result<std::string>{std::move(content)}
                     : failure(errno, "read " + path.string());
}

}  // namespace tollgate::agent

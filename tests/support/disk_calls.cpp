// SPDX-License-Identifier: MIT
#include "tests/support/disk_calls.hpp"

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

tollgate::test::DiskCalls* looking_on = nullptr;

int sync(int fd, long call) {
    if (looking_on != nullptr) {
        struct stat status {};
        ::fstat(fd, &status);
        looking_on->seen.push_back(S_ISDIR(status.st_mode)
                                       ? "sync folder"
                                       : "sync " + std::to_string(status.st_size) + " bytes");
        if (looking_on->sync_fails) {
            errno = EIO;
            return -1;
        }
    }
    return static_cast<int>(::syscall(call, fd));
}

}  // namespace

// The program's own come before those of the C library.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): there they are __fd, __old, …
extern "C" int fsync(int fd) {
    return sync(fd, SYS_fsync);
}

extern "C" int fdatasync(int fd) {
    return sync(fd, SYS_fdatasync);
}

extern "C" int rename(const char* from, const char* to) noexcept {
    if (looking_on != nullptr) {
        looking_on->seen.push_back("rename to " + std::filesystem::path{to}.filename().string());
    }
    return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)

namespace tollgate::test {

DiskCalls::DiskCalls() {
    looking_on = this;
}

DiskCalls::~DiskCalls() {
    looking_on = nullptr;
}

}  // namespace tollgate::test

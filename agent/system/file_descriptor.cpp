// SPDX-License-Identifier: MIT
#include "agent/system/file_descriptor.hpp"

#include <unistd.h>

namespace tollgate::agent {

void FileDescriptor::reset(int fd) noexcept {
    if (fd_ >= 0 && fd_ != fd) {
        ::close(fd_);
    }
    fd_ = fd < 0 ? -1 : fd;
}

}  // namespace tollgate::agent

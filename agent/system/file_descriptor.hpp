// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

namespace tollgate::agent {

/// Owns one open file descriptor, or none.
class FileDescriptor {
  public:
    FileDescriptor() = default;
    /// Takes ownership. @param fd negative: none
    explicit FileDescriptor(int fd) noexcept : fd_{fd} {}
    FileDescriptor(FileDescriptor&& other) noexcept : fd_{other.release()} {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept {
        reset(other.release());
        return *this;
    }
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    ~FileDescriptor() { reset(); }

    /// The descriptor, still owned; -1: none.
    [[nodiscard]] int get() const noexcept { return fd_; }
    /// Gives up ownership.
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
    /// Closes the current descriptor and owns `fd` instead.
    void reset(int fd = -1) noexcept;

    explicit operator bool() const noexcept { return fd_ >= 0; }

  private:
    int fd_ = -1;
};

}  // namespace tollgate::agent

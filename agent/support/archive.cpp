// SPDX-License-Identifier: MIT
#include "agent/support/archive.hpp"

#include <array>
#include <cerrno>
#include <memory>

#include <fcntl.h>
#include <libtar.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {
namespace {

constexpr mode_t kMode = 0600;

/// Every write of a file in memory is whole or fails.
bool append(int fd, const void* bytes, std::size_t size) {
    return ::write(fd, bytes, size) == static_cast<ssize_t>(size);
}

bool append_entry(TAR* tar, const ArchiveEntry& entry, std::int64_t time) {
    static constexpr std::array<char, T_BLOCKSIZE> kZeros{};
    tar->th_buf = {};
    std::string path = entry.path;
    ::th_set_path(tar, path.data());
    ::th_set_mode(tar, S_IFREG | kMode);
    ::th_set_user(tar, 0);
    ::th_set_group(tar, 0);
    th_set_mtime(tar, static_cast<int>(time));
    th_set_size(tar, static_cast<int>(entry.content.size()));
    const std::size_t rest = entry.content.size() % T_BLOCKSIZE;
    const int fd = ::tar_fd(tar);
    return ::th_write(tar) == 0 && append(fd, entry.content.data(), entry.content.size()) &&
           (rest == 0 || append(fd, kZeros.data(), T_BLOCKSIZE - rest));
}

/// The archive, not compressed, in a file that has no name.
Result<FileDescriptor> packed(const std::vector<ArchiveEntry>& entries, std::int64_t time) {
    FileDescriptor memory{::memfd_create("tollgate-support", MFD_CLOEXEC)};
    TAR* tar = nullptr;
    std::string name = "support";
    if (!memory ||
        ::tar_fdopen(&tar, ::dup(memory.get()), name.data(), nullptr, O_WRONLY, 0, 0) != 0) {
        return failure(errno, "pack the archive");
    }
    const std::unique_ptr<TAR, int (*)(TAR*)> closing{tar, ::tar_close};
    for (const ArchiveEntry& entry : entries) {
        if (!append_entry(tar, entry, time)) {
            return failure(errno, "pack " + entry.path);
        }
    }
    if (::tar_append_eof(tar) != 0) {
        return failure(errno, "pack the archive");
    }
    return memory;
}

bool compress(int from, int to) {
    gzFile zip = ::gzdopen(::dup(to), "wb9");
    if (zip == nullptr || ::lseek(from, 0, SEEK_SET) != 0) {
        return false;
    }
    std::array<char, std::size_t{1} << 14U> buffer{};
    ssize_t size = 0;
    bool whole = true;
    while (whole && (size = ::read(from, buffer.data(), buffer.size())) > 0) {
        whole = ::gzwrite(zip, buffer.data(), static_cast<unsigned>(size)) == size;
    }
    return ::gzclose(zip) == Z_OK && whole && size == 0;
}

}  // namespace

Result<void> write_archive(const std::filesystem::path& path,
                           const std::vector<ArchiveEntry>& entries,
                           std::int64_t time) {
    const auto memory = packed(entries, time);
    if (!memory) {
        return Failure{memory.error()};
    }
    const FileDescriptor file{
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kMode)};
    if (!file) {
        return failure(errno, "write " + path.string());
    }
    if (::fchmod(file.get(), kMode) != 0 || !compress(memory->get(), file.get()) ||
        ::fsync(file.get()) != 0) {
        const int error = errno != 0 ? errno : EIO;
        ::unlink(path.c_str());
        return failure(error, "write " + path.string());
    }
    return {};
}

}  // namespace tollgate::agent

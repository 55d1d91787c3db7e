// SPDX-License-Identifier: MIT
#include "agent/system/folder_watch.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include <sys/inotify.h>
#include <unistd.h>

namespace tollgate::agent {

namespace {

// Neither IN_MODIFY nor IN_CREATE: a file that is still being written is no news.
constexpr std::uint32_t kChanges = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;
constexpr std::uint32_t kEnds = IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::size_t kBufferBytes = 4096;  // at least one event (NAME_MAX)

}  // namespace

Result<FolderWatch> FolderWatch::create(std::filesystem::path folder) {
    FileDescriptor inotify{::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
    if (!inotify) {
        return failure(errno, "watch the folder " + folder.string());
    }
    FolderWatch watch{std::move(inotify), std::move(folder)};
    static_cast<void>(watch.retry());
    return watch;
}

bool FolderWatch::retry() {
    if (watch_ >= 0) {
        return false;
    }
    watch_ = ::inotify_add_watch(inotify_.get(), folder_.c_str(), kChanges | kEnds | IN_ONLYDIR);
    return watch_ >= 0;
}

void FolderWatch::forget() {
    ::inotify_rm_watch(inotify_.get(), watch_);
    watch_ = -1;
}

bool FolderWatch::take() {
    std::array<std::byte, kBufferBytes> buffer{};
    bool changed = false;
    for (;;) {
        const ssize_t read = ::read(inotify_.get(), buffer.data(), buffer.size());
        if (read < 0 && errno == EINTR) {
            continue;
        }
        if (read <= 0) {
            return changed;
        }
        changed = true;
        const auto size = static_cast<std::size_t>(read);
        inotify_event event{};
        for (std::size_t at = 0; at + sizeof event <= size; at += sizeof event + event.len) {
            std::memcpy(&event, buffer.data() + at, sizeof event);
            const bool ends = (event.mask & (kEnds | IN_IGNORED)) != 0;
            if (ends && event.wd == watch_) {
                forget();
            }
        }
    }
}

}  // namespace tollgate::agent

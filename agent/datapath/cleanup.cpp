// SPDX-License-Identifier: MIT
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <fmt/format.h>

#include "agent/datapath/gate.hpp"
#include "agent/datapath/interface_gate.hpp"
#include "agent/datapath/pin_folder.hpp"
#include "agent/system/file.hpp"

namespace tollgate::agent {

namespace {

namespace fs = std::filesystem;

// Guards against a mistyped folder: nothing outside a BPF file system is ever removed.
bool is_on_bpffs(const fs::path& path) {
    struct statfs status {};
    return ::statfs(path.c_str(), &status) == 0 &&
           static_cast<std::uint32_t>(status.f_type) == BPF_FS_MAGIC;
}

Result<void> add_pins(const fs::path& folder, std::vector<std::string>& removed) {
    const auto entries = entries_of(folder);
    if (!entries) {
        return Failure{entries.error()};
    }
    for (const fs::path& entry : *entries) {
        std::error_code error;
        if (!fs::is_directory(entry, error)) {
            removed.push_back(fmt::format("pin {}", entry.string()));
        } else if (auto below = add_pins(entry, removed); !below) {
            return below;
        }
    }
    return {};
}

Result<void> remove_version(const fs::path& folder,
                            bool dry_run,
                            std::vector<std::string>& removed) {
    const auto interfaces = interface_pins_in(folder);
    for (const auto& pins : interfaces) {
        const auto attached = attached_programs(pins);
        removed.insert(removed.end(), attached.begin(), attached.end());
    }
    if (auto listed = add_pins(folder, removed); !listed || dry_run) {
        return listed;
    }
    for (const auto& pins : interfaces) {
        if (auto gone = remove_interface(pins); !gone) {
            return gone;
        }
    }
    std::error_code error;
    fs::remove_all(folder, error);
    return error ? failure(error.value(), fmt::format("remove {}", folder.string()))
                 : Result<void>{};
}

}  // namespace

Result<std::vector<std::string>> cleanup(const fs::path& pin_dir, bool dry_run) {
    std::vector<std::string> removed;
    const FileDescriptor lock{::open(pin_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!lock) {
        return errno == ENOENT ? Result<std::vector<std::string>>{std::move(removed)}
                               : failure(errno, fmt::format("clean up {}", pin_dir.string()));
    }
    if (!is_on_bpffs(pin_dir)) {
        return failure(EINVAL,
                       fmt::format("{} is not on a BPF file system: nothing there is Tollgate's",
                                   pin_dir.string()));
    }
    if (!dry_run && ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        return failure(EBUSY,
                       fmt::format("tollgated is running on {}: stop it first", pin_dir.string()));
    }
    const auto entries = entries_of(pin_dir);
    if (!entries) {
        return Failure{entries.error()};
    }
    for (const fs::path& entry : *entries) {
        if (!is_version_folder(entry)) {
            continue;
        }
        if (auto done = remove_version(entry, dry_run, removed); !done) {
            return Failure{done.error()};
        }
    }
    if (!dry_run) {
        ::rmdir(pin_dir.c_str());  // stays if something else is in it, or if it is the mount point
    }
    return removed;
}

}  // namespace tollgate::agent

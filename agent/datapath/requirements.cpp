// SPDX-License-Identifier: MIT
#include "agent/datapath/requirements.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <fstream>

#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <fmt/format.h>

#include "agent/system/file_descriptor.hpp"
#include "agent/system/processor.hpp"

namespace tollgate::agent {

namespace {

namespace fs = std::filesystem;

constexpr KernelVersion kMemoryByCgroup{5, 11};  // before it, maps count as locked memory

constexpr const char* kNeedsPermission =
    "may not use BPF: run it as root, or with the capabilities CAP_BPF, "
    "CAP_PERFMON and CAP_NET_ADMIN";

fs::path nearest_existing(fs::path path) {
    std::error_code error;
    while (path.has_relative_path() && !fs::exists(path, error)) {
        path = path.parent_path();
    }
    return path;
}

// Makes the smallest map there is: the plainest question whether this process may.
Result<void> check_permission() {
    const FileDescriptor map{bpf_map_create(
        BPF_MAP_TYPE_ARRAY, "tollgate_probe", sizeof(__u32), sizeof(__u32), 1, nullptr)};
    if (map) {
        return {};
    }
    switch (errno) {
        case ENOSYS:
            return failure(ENOSYS,
                           "this kernel was built without BPF (CONFIG_BPF_SYSCALL): use a "
                           "distribution's kernel");
        case EPERM:
            return failure(EPERM, kNeedsPermission);
        default:
            return explain_load_failure(errno, "");
    }
}

Result<void> check_file_system(const fs::path& pin_dir) {
    const fs::path existing = nearest_existing(fs::absolute(pin_dir));
    struct statfs status {};
    if (::statfs(existing.c_str(), &status) != 0) {
        return failure(errno, fmt::format("look at {}", existing.string()));
    }
    if (static_cast<std::uint32_t>(status.f_type) != BPF_FS_MAGIC) {
        return failure(ENOENT,
                       fmt::format("{} is not on a BPF file system: mount one with \"mount -t bpf "
                                   "bpf /sys/fs/bpf\"",
                                   pin_dir.string()));
    }
    return {};
}

// Kernels without memory cgroups for BPF count maps against this limit; 64 KiB by default.
void raise_locked_memory_limit() {
    if (KernelVersion::running() < kMemoryByCgroup) {
        const rlimit unlimited{.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
        // Without CAP_SYS_RESOURCE it stays; if it is too low, loading says so.
        static_cast<void>(::setrlimit(RLIMIT_MEMLOCK, &unlimited));
    }
}

bool locked_memory_is_limited() {
    rlimit limit{};
    return KernelVersion::running() < kMemoryByCgroup && ::getrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
           limit.rlim_cur != RLIM_INFINITY;
}

bool jit_is_on() {
    int enabled = 0;
    std::ifstream("/proc/sys/net/core/bpf_jit_enable") >> enabled;
    return enabled != 0;
}

std::string in_brackets(const std::string& details) {
    return details.empty() ? "" : fmt::format(" ({})", details);
}

}  // namespace

KernelVersion KernelVersion::running() {
    utsname names{};
    KernelVersion version;
    if (::uname(&names) == 0) {
        // NOLINTNEXTLINE(cert-err34-c): the kernel writes its release; what does not fit stays 0
        static_cast<void>(std::sscanf(names.release, "%u.%u", &version.major, &version.minor));
    }
    return version;
}

Result<void> check_requirements(const fs::path& pin_dir) {
    const KernelVersion kernel = KernelVersion::running();
    if (kernel < kOldestKernel) {
        return failure(EINVAL,
                       fmt::format("kernel {}.{} is too old: Tollgate needs {}.{} or newer",
                                   kernel.major,
                                   kernel.minor,
                                   kOldestKernel.major,
                                   kOldestKernel.minor));
    }
    raise_locked_memory_limit();
    if (auto permission = check_permission(); !permission) {
        return permission;
    }
    return check_file_system(pin_dir);
}

Failure explain_load_failure(int error, const std::string& details) {
    if (error == EPERM && locked_memory_is_limited()) {
        return failure(
            EPERM,
            "load the data path: the limit for locked memory is too low for this kernel: "
            "raise it with \"ulimit -l unlimited\" (systemd: LimitMEMLOCK=infinity)");
    }
    if (error == EPERM) {
        return failure(EPERM, kNeedsPermission + in_brackets(details));
    }
    if (error == EACCES) {
        return failure(EACCES,
                       "load the data path: the verifier refuses the programs, as it does without "
                       "CAP_PERFMON: run it as root, or with that capability" +
                           in_brackets(details));
    }
    if (error == ENOMEM) {
        return failure(ENOMEM,
                       "load the data path: too little memory; lower the sizes of the tables" +
                           in_brackets(details));
    }
    if (is_arm32() && jit_is_on()) {
        return failure(error,
                       "load the data path: 32-bit ARM cannot compile all of the programs, only "
                       "interpret them: sysctl -w net.core.bpf_jit_enable=0" +
                           in_brackets(details));
    }
    return failure(error, "load the data path" + in_brackets(details));
}

std::string libbpf_version() {
    return fmt::format("{}.{}", libbpf_major_version(), libbpf_minor_version());
}

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include <tollgate/result.hpp>

namespace tollgate::agent {

/// The running kernel, as far as the data path cares.
struct KernelVersion {
    unsigned major = 0;
    unsigned minor = 0;

    [[nodiscard]] static KernelVersion running();
    auto operator<=>(const KernelVersion&) const = default;
};

/// The oldest kernel whose functions and map types the programs use.
inline constexpr KernelVersion kOldestKernel{5, 10};

/// Says what is missing before anything is loaded: the kernel's age (EINVAL), BPF (ENOSYS),
/// permission (EPERM), a BPF file system at `pin_dir` or above it (ENOENT).
[[nodiscard]] Result<void> check_requirements(const std::filesystem::path& pin_dir);

/// Of the library that is loaded: "1.1".
[[nodiscard]] std::string libbpf_version();

/// A failure to load programs or maps in words for people. @param details libbpf's last words
[[nodiscard]] Failure explain_load_failure(int error, const std::string& details);

}  // namespace tollgate::agent

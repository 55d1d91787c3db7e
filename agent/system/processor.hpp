// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace tollgate::agent {

/// Whether a kernel is for 32-bit ARM, whatever its programs are for: what it does not compile of
/// BPF is in docs/kernels-and-nics.md. @param machine  as uname(2) names it: "armv7l"
[[nodiscard]] bool is_arm32(std::string_view machine);

/// Of the kernel that runs.
[[nodiscard]] bool is_arm32();

}  // namespace tollgate::agent

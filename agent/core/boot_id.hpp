// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace tollgate::agent {

/// The kernel's identifier of this boot (/proc/sys/kernel/random/boot_id); empty if it has none.
[[nodiscard]] std::string boot_id();

}  // namespace tollgate::agent

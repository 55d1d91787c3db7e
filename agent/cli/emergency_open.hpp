// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include <tollgate/result.hpp>

/// The gate's main switch, without the agent: the pinned map PIN_DIR/vN/control (struct
/// tg_control), through bpf(2) itself. N is any TG_ABI_VERSION: where an upgrade did not start, the
/// gate in force is that of the version before.
namespace tollgate::cli {

/// True if every gate that there is lets everything pass. Errors as of open_gate().
[[nodiscard]] Result<bool> gate_is_open(const std::filesystem::path& pin_dir);

/// Lets every packet of every interface pass from now on; nothing else changes. What can be opened
/// is, also where something else cannot.
/// @return ENOENT: no gate is loaded under `pin_dir`; EPERM, EACCES: not root (CAP_BPF, or
/// CAP_SYS_ADMIN before Linux 5.8); EINVAL: a pin is not the map that this version knows
[[nodiscard]] Result<void> open_gate(const std::filesystem::path& pin_dir);

}  // namespace tollgate::cli

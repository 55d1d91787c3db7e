// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "policy/model.hpp"

namespace tollgate::policy {

/// True from the second on that `expires` names.
[[nodiscard]] bool is_expired(const Rule& rule, WallTime now);

/// The rules that take part in verdicts at `now`, the one that decides first (docs/packet-path.md,
/// section 7): failsafe, deny, allow, expired allow and failsafe rules; among equals the one that
/// expires last, then the first in the file. Expired deny rules are left out. The pointers are into
/// `policy`.
[[nodiscard]] std::vector<const Rule*> by_precedence(const Policy& policy, WallTime now);

}  // namespace tollgate::policy

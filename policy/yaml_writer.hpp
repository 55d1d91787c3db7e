// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "policy/model.hpp"

namespace tollgate::policy {

/// Writes a policy as a file that read_policy() reads back as the same policy (comments apart):
/// editor modelines first, short lists and rules on one line, defaults left out, each rule's
/// comment above it. Characters that a file must not hold are replaced by '?' in comments.
/// @pre find_errors() finds none
[[nodiscard]] std::string write_policy(const Policy& policy);

}  // namespace tollgate::policy

// SPDX-License-Identifier: MIT
#pragma once

#include "policy/compiled.hpp"

namespace tollgate::policy {

/// Sets the bits of `address_filter` (abi/policy.h) for everything in `hosts` and `prefixes`.
void fill_address_filter(CompiledPolicy& compiled);

}  // namespace tollgate::policy

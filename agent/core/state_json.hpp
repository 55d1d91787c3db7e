// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include <tollgate/result.hpp>

#include "agent/core/state.hpp"

namespace tollgate::agent {

[[nodiscard]] std::string state_to_json(const State& state);
/// @return EBADMSG: not what state_to_json() writes
[[nodiscard]] Result<State> state_from_json(std::string_view text);

}  // namespace tollgate::agent

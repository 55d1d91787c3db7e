// SPDX-License-Identifier: MIT
#pragma once

#include <system_error>
#include <type_traits>

namespace tollgate::agent {

/// What the kernel tells of a TUN device by an error that also has other meanings.
enum class TunError {
    /// The interface is there and of another kind: no TUN device, or made for several queues where
    /// one is wanted, or the other way round.
    other_kind = 1
};

[[nodiscard]] std::error_code make_error_code(TunError error);

}  // namespace tollgate::agent

template <>
struct std::is_error_code_enum<tollgate::agent::TunError> : std::true_type {};

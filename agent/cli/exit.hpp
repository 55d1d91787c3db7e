// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace tollgate::cli {

/// Exit codes of `tollgate`. Scripts rely on the numbers (docs/cli.md).
enum class Exit : std::uint8_t {
    ok = 0,
    failure = 1,
    usage = 2,
    unreachable = 3,   ///< no agent answers on the socket
    refused = 4,       ///< not permitted, or a risk that was not accepted
    check_failed = 5,  ///< doctor, policy check, trace --expect
    would_change = 6,  ///< policy diff: the policies differ
    timeout = 7,
};

}  // namespace tollgate::cli

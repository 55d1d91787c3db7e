// SPDX-License-Identifier: MIT
#pragma once

#include <tollgate/result.hpp>

namespace tollgate::agent {

/// With what tollgated ends; documented in docs/control-api.md.
enum class ExitCode : int {
    stopped = 0,
    failed = 1,
    usage = 2,
    no_permission = 10,
    kernel = 11,
    no_bpffs = 12,
    no_interface = 13,
    hook_taken = 14,
    memory_lock = 15,
    state_folder = 16,
    policy_refused = 17,
    already_running = 18,
};

/// Why the agent does not start: for the log, and for the exit code.
struct StartError {
    ExitCode code = ExitCode::failed;
    Error error;
    bool leaves_nothing = false;  ///< what was pinned so far protects no interface and can go
};

template <typename T>
using StartResult = Expected<T, StartError>;

/// A failed Gate::open(), by its errno value.
[[nodiscard]] ExitCode exit_code_of_open(const Error& error);
/// A failed Gate::attach(), by its errno value.
[[nodiscard]] ExitCode exit_code_of_attach(const Error& error);
/// A failed cleanup(), by its errno value.
[[nodiscard]] ExitCode exit_code_of_cleanup(const Error& error);

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#include "agent/core/exit_code.hpp"

#include <cerrno>

namespace tollgate::agent {

ExitCode exit_code_of_open(const Error& error) {
    switch (error.code.value()) {
        case EPERM:
        case EACCES:
            return ExitCode::no_permission;
        case ENOSYS:
        case EINVAL:
        case EOPNOTSUPP:
            return ExitCode::kernel;
        case ENOENT:
        case EROFS:
            return ExitCode::no_bpffs;
        case ENOMEM:
            return ExitCode::memory_lock;
        case EBUSY:
            return ExitCode::already_running;
        default:
            return ExitCode::failed;
    }
}

ExitCode exit_code_of_attach(const Error& error) {
    switch (error.code.value()) {
        case EPERM:
        case EACCES:
            return ExitCode::no_permission;
        case ENODEV:
            return ExitCode::no_interface;
        case EBUSY:
        case EEXIST:
            return ExitCode::hook_taken;
        case EOPNOTSUPP:
            return ExitCode::kernel;
        case ENOMEM:
            return ExitCode::memory_lock;
        default:
            return ExitCode::failed;
    }
}

ExitCode exit_code_of_cleanup(const Error& error) {
    switch (error.code.value()) {
        case EPERM:
        case EACCES:
            return ExitCode::no_permission;
        case EBUSY:
            return ExitCode::already_running;
        default:
            return ExitCode::failed;
    }
}

}  // namespace tollgate::agent

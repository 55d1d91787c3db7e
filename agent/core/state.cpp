// SPDX-License-Identifier: MIT
#include "agent/core/state.hpp"

namespace tollgate::agent {

bool is_same_connection(const Session& a, const Session& b) {
    if (a.has_address() && b.has_address()) {
        return a.remote == b.remote && a.remote_port == b.remote_port && a.local == b.local &&
               a.local_port == b.local_port;
    }
    return !a.tty.empty() && a.tty == b.tty;
}

}  // namespace tollgate::agent

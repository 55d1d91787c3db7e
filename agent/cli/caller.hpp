// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/cli/json.hpp"

namespace tollgate::cli {

/// The SSH connection that this command came through, as the control API's `clientSession`, with
/// the terminal session as `tty` ("SID.START"). Empty outside SSH: at the console of the host
/// itself there is nothing that a change could cut off, and nothing for a confirm to prove. Looks
/// at the environment of the ancestors too: sudo removes SSH_CONNECTION.
[[nodiscard]] Json client_session();

/// `{remote, remotePort, local, localPort}` of an SSH_CONNECTION ("CLIENT PORT SERVER PORT",
/// ssh(1)); nothing if it is no such thing.
[[nodiscard]] std::optional<Json> parse_ssh_connection(std::string_view value);

/// The person behind a decision: SUDO_USER, else the name of the user id.
[[nodiscard]] std::string caller_name();

}  // namespace tollgate::cli

// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace tollgate::agent::tunnel_process {

/// The role of a child process (ChildProcess) that is one tunnel.
inline constexpr std::string_view kRole = "data";

/// What the process is given besides its channel: the socket of its broker.
inline constexpr int kBrokerDescriptor = 4;

/// The main function of such a process: opens the network interface and the sockets of one tunnel,
/// gives up all rights, and only then reads the first byte from outside. Ends when the agent hangs
/// up.
/// @param when_confined  called, with the name of the tunnel, by what is then in the hands of
///                       whoever has taken the process over; empty: not called. For tests
/// @return the exit status: 0, or 1 after a line in the log
[[nodiscard]] int run(const std::function<void(const std::string& tunnel)>& when_confined = {});

}  // namespace tollgate::agent::tunnel_process

// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>

#include "agent/cli/cli.hpp"

/// The commands below `tunnel`.
namespace tollgate::cli {

void add_tunnel_key_commands(CLI::App& group, Cli& cli);       ///< genkey, genpsk, pubkey
void add_tunnel_peer_commands(CLI::App& group, Cli& cli);      ///< peer add, peer remove
void add_tunnel_transfer_commands(CLI::App& group, Cli& cli);  ///< import, export

}  // namespace tollgate::cli

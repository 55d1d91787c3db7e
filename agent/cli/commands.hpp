// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>

#include "agent/cli/cli.hpp"

/// The commands, one function for each group. Each declares its part of the command tree; a parsed
/// command leaves what is to be done in Cli::action.
namespace tollgate::cli {

void add_status_commands(CLI::App& app, Cli& cli);      ///< status, version
void add_doctor_command(CLI::App& app, Cli& cli);       ///< doctor
void add_support_command(CLI::App& app, Cli& cli);      ///< support-bundle
void add_observe_command(CLI::App& app, Cli& cli);      ///< observe
void add_learn_commands(CLI::App& app, Cli& cli);       ///< learn …
void add_policy_commands(CLI::App& app, Cli& cli);      ///< policy …
void add_stage_commands(CLI::App& app, Cli& cli);       ///< enforce, audit, confirm, open
void add_trace_command(CLI::App& app, Cli& cli);        ///< trace
void add_simulate_command(CLI::App& app, Cli& cli);     ///< simulate
void add_blocklist_commands(CLI::App& app, Cli& cli);   ///< blocklist …
void add_tunnel_commands(CLI::App& app, Cli& cli);      ///< tunnel …
void add_audit_log_commands(CLI::App& app, Cli& cli);   ///< audit-log …
void add_cleanup_command(CLI::App& app, Cli& cli);      ///< cleanup
void add_completion_commands(CLI::App& app, Cli& cli);  ///< completion

/// The part of `policy` about other formats: import …, export ….
void add_policy_exchange_commands(CLI::App& group, Cli& cli);

/// The part of `learn` that needs no agent: --pcap, --device, --name.
void add_learn_from_captures(CLI::App& group, Cli& cli);

/// The option of a timed change. @param duration  filled with text for parse_duration()
void add_confirm_within(CLI::App& command, std::string& duration);
/// The option that accepts a risk by name.
void add_accept_risk(CLI::App& command, std::string& risk);

/// The body of a timed change: `confirmWithin`, `acceptRisk`, `clientSession`.
[[nodiscard]] Json timed(const std::string& confirm_within,
                         const std::string& accept_risk,
                         const Json& session);

/// Names the values of an option, as in "in|out", and takes no others.
CLI::Option* choose(CLI::Option* option, const std::string& values);

/// "ingress" for "in", "egress" for "out"; else as it is.
[[nodiscard]] std::string api_direction(const std::string& direction);

/// A check for CLI11: the text is a duration that a change may wait for its confirmation.
[[nodiscard]] std::string check_duration(const std::string& text);

}  // namespace tollgate::cli

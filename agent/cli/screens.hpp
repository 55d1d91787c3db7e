// SPDX-License-Identifier: MIT
#pragma once

#include "agent/cli/json.hpp"
#include "agent/cli/screen.hpp"

/// The answers of docs/control-api.md for people: one function for each kind of object.
namespace tollgate::cli {

void print_status(Screen& screen, const Json& status);
void print_doctor(Screen& screen, const Json& doctor);

void print_learn_status(Screen& screen, const Json& status);
void print_candidates(Screen& screen, const Json& answer);
/// What `learn approve --all` did, and what it left.
void print_approved(Screen& screen, const Json& answer);
/// The table alone.
void print_candidate_table(Screen& screen, const Json& answer);

void print_policy(Screen& screen, const Json& policy);
/// @param file  what the policy in force was compared with; empty: what enforce would apply
void print_diff(Screen& screen, const Json& diff, const std::string& file);
void print_history(Screen& screen, const Json& history);

/// What a change would have done to the recorded flows, and to the caller's own connection.
void print_effect(Screen& screen, const Json& effect);
/// What was changed, until when it has to be confirmed and how.
void print_change(Screen& screen, const Json& change);
/// "Reverts at 09:14:02 (in 2m) unless confirmed: tollgate confirm", if `deadline` is one.
void print_deadline(Screen& screen, const Json& change);

void print_trace(Screen& screen, const Json& trace);
/// As `wg show` prints it.
void print_tunnels(Screen& screen, const Json& answer);
void print_tunnel_change(Screen& screen, const Json& change);
void print_blocklist(Screen& screen, const Json& blocklist);

/// The header of print_event's columns.
void print_event_header(Screen& screen);
/// One Event: a line of fixed columns, because more will follow.
void print_event(Screen& screen, const Json& event);

/// "192.0.2.1:443", "[2001:db8::1]:443", "ota.example.com:443" or the address alone.
[[nodiscard]] std::string endpoint(const std::string& address, std::uint64_t port);

}  // namespace tollgate::cli

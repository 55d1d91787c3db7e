// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tollgate/ip.hpp>

#include "agent/control/http_server.hpp"
#include "agent/core/event_history.hpp"
#include "agent/core/refusal.hpp"
#include "agent/core/state.hpp"
#include "agent/tunnel/tunnel_config.hpp"

/// The bodies and queries of docs/control-api.md, checked. Refusals are of the code invalid.
namespace tollgate::agent {

/// /v1/enforce, /v1/audit, /v1/policy/apply, diff and rollback.
struct ChangeRequest {
    std::optional<std::string> yaml;
    std::chrono::seconds confirm_within{120};
    std::string accept_risk;
    Session session;
    bool dry_run = false;
    std::optional<std::uint32_t> generation;
    std::string by = "root";
};
inline constexpr std::chrono::seconds kConfirmWithinMax{86400};

[[nodiscard]] Answer<ChangeRequest> read_change(const std::string& body);

/// /v1/learn/approve and reject. @return {"all"} for all
struct DecisionRequest {
    std::vector<std::string> ids;
    std::string by;
};
[[nodiscard]] Answer<DecisionRequest> read_decision(const std::string& body);

/// /v1/blocklist/…
struct PrefixesRequest {
    std::vector<Prefix> prefixes;
    bool replace = false;
};
[[nodiscard]] Answer<PrefixesRequest> read_prefixes(const std::string& body);

/// /v1/tunnels/up, down, peers/remove
struct TunnelRequest {
    std::string tunnel;
    std::string peer;  ///< name or public key; may be empty
};
[[nodiscard]] Answer<TunnelRequest> read_tunnel(const std::string& body);

/// /v1/tunnels/peers/add
struct TunnelPeerRequest {
    std::string tunnel;
    std::optional<std::string> name;
    PeerChange change;
};
[[nodiscard]] Answer<TunnelPeerRequest> read_tunnel_peer(const std::string& body);

/// /v1/observe. `interface` is left to the caller, who knows the zones.
struct ObserveRequest {
    bool follow = false;
    std::size_t last = 20;
    std::string interface;
    EventFilter filter;
};
[[nodiscard]] Answer<ObserveRequest> read_observe(const HttpRequest& request);

/// /v1/doctor. @return an empty one: it does not say
[[nodiscard]] Answer<Session> read_session(const HttpRequest& request);

/// A number of the query, or `fallback` if it is absent.
[[nodiscard]] Answer<std::uint64_t> read_number(const HttpRequest& request,
                                                const std::string& key,
                                                std::uint64_t fallback);

}  // namespace tollgate::agent

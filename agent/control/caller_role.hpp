// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "agent/control/http_server.hpp"

/// Who may make which call of the control socket: each may also do what those before it may.
namespace tollgate::agent {

enum class CallerRole : std::uint8_t {
    none,
    viewers,    ///< whoever may connect: the group tollgate
    operators,  ///< and is in the group tollgate-operator
    admins,     ///< or tollgate-admin, or is root
};

/// "viewer", "operator", "admin"
[[nodiscard]] std::string_view label(CallerRole role);

/// The groups behind roles; none: there is no such group, and the role is root's alone.
struct RoleGroups {
    std::optional<gid_t> operators;
    std::optional<gid_t> admins;

    /// Those of this host by their names.
    [[nodiscard]] static RoleGroups of_host();
};

/// By the user and the groups that the caller had when it connected.
[[nodiscard]] CallerRole role_of(const HttpRequest& request, const RoleGroups& groups);

struct CallRole {
    std::string_view call;  ///< "GET /v1/status"
    CallerRole role;
};
/// Every call, in the order of docs/control-api.md.
[[nodiscard]] std::span<const CallRole> call_roles();

/// The least role that may make a call; for what is no call, admins.
[[nodiscard]] CallerRole needed_role(std::string_view call);

/// "the role admin: root, or a member of the group tollgate-admin"
[[nodiscard]] std::string describe(CallerRole role);

/// The table of docs/control-api.md.
[[nodiscard]] std::string call_roles_table();

}  // namespace tollgate::agent

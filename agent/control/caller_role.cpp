// SPDX-License-Identifier: MIT
#include "agent/control/caller_role.hpp"

#include <algorithm>
#include <array>

#include <grp.h>

#include <fmt/format.h>

namespace tollgate::agent {

namespace {

constexpr auto kOperatorGroup = "tollgate-operator";
constexpr auto kAdminGroup = "tollgate-admin";

// Operators decide on what is proposed and pending, and can shut somebody out. What lets anything
// in or out is for admins.
constexpr std::array kCallRoles{
    CallRole{"GET /v1/status", CallerRole::viewers},
    CallRole{"GET /v1/observe", CallerRole::viewers},
    CallRole{"POST /v1/learn/start", CallerRole::admins},
    CallRole{"GET /v1/learn/status", CallerRole::viewers},
    CallRole{"GET /v1/learn/candidates", CallerRole::viewers},
    CallRole{"POST /v1/learn/approve", CallerRole::operators},
    CallRole{"POST /v1/learn/reject", CallerRole::operators},
    CallRole{"GET /v1/learn/export", CallerRole::viewers},
    CallRole{"GET /v1/policy", CallerRole::viewers},
    CallRole{"POST /v1/policy/diff", CallerRole::viewers},
    CallRole{"POST /v1/policy/apply", CallerRole::admins},
    CallRole{"POST /v1/policy/rollback", CallerRole::admins},
    CallRole{"GET /v1/policy/history", CallerRole::viewers},
    CallRole{"POST /v1/enforce", CallerRole::admins},
    CallRole{"POST /v1/audit", CallerRole::admins},
    CallRole{"POST /v1/confirm", CallerRole::operators},
    CallRole{"POST /v1/open", CallerRole::admins},
    CallRole{"POST /v1/trace", CallerRole::viewers},
    CallRole{"GET /v1/blocklist", CallerRole::viewers},
    CallRole{"POST /v1/blocklist/add", CallerRole::operators},
    CallRole{"POST /v1/blocklist/remove", CallerRole::admins},
    CallRole{"POST /v1/blocklist/load", CallerRole::admins},
    CallRole{"GET /v1/flows", CallerRole::viewers},
    CallRole{"GET /v1/flows/live", CallerRole::viewers},
    CallRole{"GET /v1/tunnels", CallerRole::viewers},
    CallRole{"POST /v1/tunnels/peers/add", CallerRole::admins},
    CallRole{"POST /v1/tunnels/peers/remove", CallerRole::admins},
    CallRole{"POST /v1/tunnels/up", CallerRole::admins},
    CallRole{"POST /v1/tunnels/down", CallerRole::admins},
    CallRole{"GET /v1/doctor", CallerRole::viewers},
};

std::optional<gid_t> group_named(const char* name) {
    const ::group* const entry = ::getgrnam(name);
    return entry == nullptr ? std::nullopt : std::optional{entry->gr_gid};
}

bool is_in(const HttpRequest& request, std::optional<gid_t> group) {
    return group &&
           std::find(request.groups.begin(), request.groups.end(), *group) != request.groups.end();
}

}  // namespace

std::string_view label(CallerRole role) {
    switch (role) {
        case CallerRole::none:
            return "nobody";
        case CallerRole::viewers:
            return "viewer";
        case CallerRole::operators:
            return "operator";
        case CallerRole::admins:
            return "admin";
    }
    return "nobody";
}

RoleGroups RoleGroups::of_host() {
    return {group_named(kOperatorGroup), group_named(kAdminGroup)};
}

CallerRole role_of(const HttpRequest& request, const RoleGroups& groups) {
    if (!request.uid) {
        return CallerRole::none;
    }
    if (*request.uid == 0 || is_in(request, groups.admins)) {
        return CallerRole::admins;
    }
    return is_in(request, groups.operators) ? CallerRole::operators : CallerRole::viewers;
}

std::span<const CallRole> call_roles() {
    return kCallRoles;
}

CallerRole needed_role(std::string_view call) {
    const auto* const found =
        std::find_if(kCallRoles.begin(), kCallRoles.end(), [&](const CallRole& known) {
            return known.call == call;
        });
    return found == kCallRoles.end() ? CallerRole::admins : found->role;
}

std::string describe(CallerRole role) {
    switch (role) {
        case CallerRole::operators:
            return fmt::format("the role operator: root, or a member of the group {} or {}",
                               kOperatorGroup,
                               kAdminGroup);
        case CallerRole::admins:
            return fmt::format("the role admin: root, or a member of the group {}", kAdminGroup);
        default:
            return fmt::format("the role {}", label(role));
    }
}

std::string call_roles_table() {
    std::string table = "| call | viewer | operator | admin |\n|---|---|---|---|\n";
    for (const CallRole& known : kCallRoles) {
        const auto mark = [&](CallerRole role) {
            return role >= known.role ? "yes" : "";
        };
        table += fmt::format("| {} `{}` | {} | {} | {} |\n",
                             known.call.substr(0, known.call.find(' ')),
                             known.call.substr(known.call.find(' ') + 1),
                             mark(CallerRole::viewers),
                             mark(CallerRole::operators),
                             mark(CallerRole::admins));
    }
    return table;
}

}  // namespace tollgate::agent

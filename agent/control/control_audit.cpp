// SPDX-License-Identifier: MIT
// What ControlApi writes into the audit log.
#include <fstream>
#include <limits>

#include <fmt/format.h>

#include "agent/control/control_api.hpp"
#include "agent/system/digest.hpp"

namespace tollgate::agent {

namespace {

constexpr std::uint64_t kForbiddenInterval = 60;  // seconds

std::string action_of(const HttpRequest& request) {
    constexpr std::string_view kVersion = "/v1/";
    return request.path.starts_with(kVersion) ? request.path.substr(kVersion.size()) : request.path;
}

// Who asked: also whom sudo was asked by, as the kernel's audit system has it.
std::string actor_of(const HttpRequest& request) {
    std::string actor = request.uid ? fmt::format("uid {}", *request.uid) : "unknown";
    std::string login;
    std::ifstream{fmt::format("/proc/{}/loginuid", request.pid)} >> login;
    if (!login.empty() && login != std::to_string(std::numeric_limits<uid_t>::max())) {
        actor += ", login uid " + login;
    }
    return actor + fmt::format(", pid {}", request.pid);
}

}  // namespace

void ControlApi::note(const HttpRequest& request, const Answer<Json>& answer) {
    AuditRecord record{0,
                       actor_of(request),
                       action_of(request),
                       answer ? "done" : answer.error().message,
                       {{"request", sha256_hex(request.body)}}};
    queue_.call([&] {
        const Generation& generation = agent_.warden().in_force();
        record.details.emplace_back("generation", std::to_string(generation.number));
        record.details.emplace_back("policy", generation.hash);
        agent_.audit_log().note(std::move(record));
        return true;
    });
}

void ControlApi::note_forbidden(const HttpRequest& request, CallerRole needed) {
    AuditRecord record{0,
                       actor_of(request),
                       action_of(request),
                       fmt::format("takes the role {}", label(needed)),
                       {}};
    queue_.call([&] {
        const std::uint64_t now = agent_.clock().boot_ns();
        if (forbidden_noted_ns_ != 0 &&
            now - forbidden_noted_ns_ < kForbiddenInterval * TG_SECOND) {
            ++forbidden_unnoted_;
            return false;
        }
        record.details.emplace_back("others since the last record",
                                    std::to_string(std::exchange(forbidden_unnoted_, 0)));
        forbidden_noted_ns_ = now;
        agent_.audit_log().note(std::move(record));
        return true;
    });
}

}  // namespace tollgate::agent

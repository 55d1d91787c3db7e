// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/control/json.hpp"
#include "agent/core/agent.hpp"
#include "agent/core/state.hpp"

namespace tollgate::agent {

/// The checks of an answer of kind Doctor. A fix is a command that mends what is wrong, with a
/// remark behind '#'.
class DoctorChecks {
  public:
    void ok(std::string_view name, std::string detail) { add(name, "ok", std::move(detail), ""); }
    void warn(std::string_view name, std::string detail, std::string_view fix) {
        add(name, "warn", std::move(detail), fix);
    }
    void fail(std::string_view name, std::string detail, std::string_view fix) {
        add(name, "fail", std::move(detail), fix);
    }
    [[nodiscard]] Json take() { return std::move(checks_); }

  private:
    void add(std::string_view name,
             std::string_view result,
             std::string detail,
             std::string_view fix) {
        Json check{{"name", name}, {"result", result}, {"detail", std::move(detail)}};
        if (!fix.empty()) {
            check["fix"] = fix;
        }
        checks_.push_back(std::move(check));
    }

    Json checks_ = Json::array();
};

/// Whether the policy in force lets pass what nobody wants to lose, by its rules, whatever the
/// stage: SSH (of `caller`, if that is a session, else of anybody), the resolvers of this host,
/// DHCP, the scrape of the metrics.
void check_reach(Agent& agent, const Session& caller, DoctorChecks& checks);

/// The addresses of a resolv.conf(5).
[[nodiscard]] std::vector<IpAddress> resolvers_of(std::string_view resolv_conf);

}  // namespace tollgate::agent

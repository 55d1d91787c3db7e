// SPDX-License-Identifier: MIT
#include "agent/cli/policy_check.hpp"

#include "agent/system/file.hpp"

namespace tollgate::cli {

Result<policy::Reading> read_policy_file(const std::string& file) {
    return agent::read_file(file, kPolicyFileMax).map([](const std::string& content) {
        return policy::read_policy(content);
    });
}

Json describe_reading(const std::string& file, const policy::Reading& reading) {
    Json check = envelope("PolicyCheck");
    check["file"] = file;
    check["valid"] = reading.policy.has_value();
    if (reading.policy) {
        check["name"] = reading.policy->name;
        check["rules"] = reading.policy->rules.size();
    }
    check["problems"] = Json::array();
    for (const policy::Problem& problem : reading.problems) {
        Json entry{{"line", problem.mark.line},
                   {"column", problem.mark.column},
                   {"severity", problem.severity == policy::Severity::error ? "error" : "warning"},
                   {"message", problem.message}};
        if (!problem.hint.empty()) {
            entry["hint"] = problem.hint;
        }
        check["problems"].push_back(std::move(entry));
    }
    return check;
}

}  // namespace tollgate::cli

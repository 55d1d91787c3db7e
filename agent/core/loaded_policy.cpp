// SPDX-License-Identifier: MIT
#include "agent/core/loaded_policy.hpp"

#include <algorithm>
#include <cassert>

#include "agent/core/yaml_process.hpp"
#include "agent/system/digest.hpp"
#include "policy/compile.hpp"
#include "policy/yaml_reader.hpp"

namespace tollgate::agent {

const policy::Rule* LoadedPolicy::rule(std::uint32_t number) const {
    const std::string_view name = rule_name(number);
    const auto found = std::find_if(policy.rules.begin(),
                                    policy.rules.end(),
                                    [&](const policy::Rule& rule) { return rule.name == name; });
    return found == policy.rules.end() ? nullptr : &*found;
}

std::string_view LoadedPolicy::rule_name(std::uint32_t number) const {
    return number < rule_names.size() ? rule_names[number] : std::string_view{};
}

Answer<PolicyPointer> load_policy(std::string yaml, policy::WallTime now) {
    policy::Reading reading = policy::read_policy(yaml, yaml_parser());
    if (!reading.policy) {
        return Unexpected<Refusal>{Refusal{Refusal::Code::policy_invalid,
                                           "the policy is refused",
                                           {},
                                           {},
                                           std::move(reading.problems)}};
    }
    auto compiled = policy::compile(*reading.policy, now);
    if (!compiled) {
        policy::Problem problem;
        problem.message = compiled.error().message();
        return Unexpected<Refusal>{
            Refusal{Refusal::Code::policy_invalid, "the policy is refused", {}, {}, {problem}}};
    }
    auto loaded = std::make_shared<LoadedPolicy>();
    loaded->hash = sha256_hex(yaml);
    loaded->yaml = std::move(yaml);
    loaded->policy = std::move(*reading.policy);
    loaded->rule_names = std::move(compiled->rule_names);
    loaded->compiled_at = now;
    return loaded;
}

PolicyPointer no_policy(policy::WallTime now) {
    auto loaded = std::make_shared<LoadedPolicy>();
    loaded->policy.name = "none";
    loaded->rule_names = {""};
    loaded->compiled_at = now;
    return loaded;
}

}  // namespace tollgate::agent

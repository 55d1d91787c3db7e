// SPDX-License-Identifier: MIT
#include "agent/core/stages.hpp"

#include <algorithm>

namespace tollgate::agent {

std::set<std::string> known_interfaces(const InterfaceWatch& watch, const State& state) {
    std::set<std::string> names;
    for (const ProtectedInterface& interface : watch.interfaces()) {
        names.insert(interface.name);
    }
    for (const auto& remembered : state.zones) {
        names.insert(remembered.first);
    }
    return names;
}

Answer<Stages> stages_of(const policy::Policy& policy,
                         const InterfaceWatch& watch,
                         const State& state,
                         policy::Stage stage) {
    const auto applies_to = [&names = policy.interfaces](const std::string& name) {
        return names.empty() || std::ranges::find(names, name) != names.end();
    };
    if (std::ranges::none_of(watch.interfaces(), applies_to, &ProtectedInterface::name)) {
        return refuse(Refusal::Code::invalid,
                      "the policy applies to none of this agent's interfaces",
                      "name one of them in spec.applyTo.interfaces, or leave applyTo out");
    }
    Stages stages;
    for (const std::string& name : known_interfaces(watch, state)) {
        if (applies_to(name)) {
            stages[name] = stage;
        }
    }
    return stages;
}

}  // namespace tollgate::agent

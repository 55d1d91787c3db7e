// SPDX-License-Identifier: MIT
#include "agent/core/stages.hpp"

#include <algorithm>

namespace tollgate::agent {

Answer<Stages> stages_of(const policy::Policy& policy,
                         const InterfaceWatch& watch,
                         policy::Stage stage) {
    Stages stages;
    for (const ProtectedInterface& interface : watch.interfaces()) {
        const auto& names = policy.interfaces;
        if (names.empty() || std::find(names.begin(), names.end(), interface.name) != names.end()) {
            stages[interface.name] = stage;
        }
    }
    if (stages.empty()) {
        return refuse(Refusal::Code::invalid,
                      "the policy applies to none of this agent's interfaces",
                      "name one of them in spec.applyTo.interfaces, or leave applyTo out");
    }
    return stages;
}

}  // namespace tollgate::agent

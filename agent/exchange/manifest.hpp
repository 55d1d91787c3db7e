// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "agent/exchange/loss.hpp"
#include "policy/model.hpp"

/// What the exports for Kubernetes share.
namespace tollgate::exchange {

/// A JSON object as block-style YAML. Texts are in double quotes where YAML could read them as
/// something else.
[[nodiscard]] std::string to_yaml(const nlohmann::ordered_json& object);

/// "192.0.2.1/32": the form that Kubernetes takes.
[[nodiscard]] std::string cidr_text(const Prefix& prefix);

/// Reports what of the policy as a whole no manifest says: stage, interfaces.
void report_settings(const policy::Policy& policy, Losses& losses);

/// Reports what of a rule no manifest says. @return whether it can be in one at all
[[nodiscard]] bool can_be_in_manifest(const policy::Rule& rule, Losses& losses);

}  // namespace tollgate::exchange

// SPDX-License-Identifier: MIT
#include <algorithm>

#include "agent/control/json.hpp"
#include "policy/diff.hpp"
#include "policy/effective.hpp"
#include "policy/notation.hpp"

namespace tollgate::agent {

namespace {

const policy::Rule* find_rule(const policy::Policy& policy, const std::string& name) {
    const auto found = std::find_if(policy.rules.begin(),
                                    policy.rules.end(),
                                    [&](const policy::Rule& rule) { return rule.name == name; });
    return found == policy.rules.end() ? nullptr : &*found;
}

std::string limit_text(const policy::Limit& limit) {
    std::string text;
    if (limit.packets) {
        text = policy::to_text(*limit.packets) + " packets";
    }
    if (limit.new_flows) {
        text += (text.empty() ? "" : ", ") + policy::to_text(*limit.new_flows) + " new flows";
    }
    return text;
}

void add_counters(Json& rules, Agent& agent) {
    const auto& names = agent.warden().policy()->rule_names;
    const auto counters = agent.gate().rule_counters(static_cast<std::uint32_t>(names.size()));
    for (Json& rule : rules) {
        const auto name = std::find(names.begin(), names.end(), rule["name"].get<std::string>());
        const auto index = static_cast<std::size_t>(name - names.begin());
        if (counters && name != names.end() && index < counters->size()) {
            rule["packets"] = (*counters)[index].packets;
            rule["bytes"] = (*counters)[index].bytes;
        }
    }
}

Json remote_json(const policy::Rule& rule) {
    if (rule.any_remote()) {
        return Json::array({"any"});
    }
    return rule.remote.empty() ? policy::to_texts(rule.selector) : rule.remote;
}

Json baseline_rule_json(const policy::BaselinePart& part) {
    return {{"name", part.key},
            {"rank", "baseline"},
            {"direction", "both"},
            {"remote", Json::array()},
            {"services", Json::array({part.meaning})}};
}

}  // namespace

Json rule_json(const policy::Rule& rule) {
    Json services = Json::array();
    for (const policy::Service& service : rule.services) {
        services.push_back(policy::to_text(service));
    }
    if (services.empty()) {
        services.push_back("any");
    }
    Json json{{"name", rule.name},
              {"rank", policy::to_text(rule.rank)},
              {"direction", policy::to_text(rule.direction)},
              {"remote", remote_json(rule)},
              {"services", services}};
    if (rule.via != policy::Via::any) {
        json["via"] = policy::to_text(rule.via);
    }
    if (std::string limit = limit_text(rule.limit); !limit.empty()) {
        json["limit"] = std::move(limit);
    }
    if (rule.expires) {
        json["expires"] = policy::to_text(*rule.expires);
    }
    if (rule.learned) {
        json["learned"] = {{"firstSeen", policy::to_text(rule.learned->first_seen)},
                           {"lastSeen", policy::to_text(rule.learned->last_seen)},
                           {"packets", rule.learned->packets},
                           {"approvedBy", rule.learned->approved_by}};
    }
    if (rule.mark.line > 0) {
        json["line"] = rule.mark.line;
    }
    return json;
}

Json policy_json(Agent& agent, bool effective) {
    const LoadedPolicy& loaded = *agent.warden().policy();
    const policy::Policy& policy = loaded.policy;
    Json json = envelope("Policy");
    json["name"] = policy.name;
    json["hash"] = loaded.hash;
    json["generation"] = agent.warden().in_force().number;
    json["yaml"] = loaded.yaml;
    json["rules"] = Json::array();
    for (const policy::Rule& rule : policy.rules) {
        json["rules"].push_back(rule_json(rule));
    }
    add_counters(json["rules"], agent);
    json["defaults"] = {{"ingress", policy::to_text(policy.default_action[TG_INGRESS])},
                        {"egress", policy::to_text(policy.default_action[TG_EGRESS])}};
    json["baseline"] = Json::array();
    for (const policy::BaselinePart& part : policy::baseline_parts()) {
        if ((policy.baseline & part.bit) == 0) {
            continue;
        }
        json["baseline"].push_back(part.key);
        if (effective) {
            json["rules"].insert(json["rules"].begin(), baseline_rule_json(part));
        }
    }
    return json;
}

Json history_json(const State& state) {
    Json json = envelope("History");
    json["entries"] = Json::array();
    for (auto entry = state.history.rbegin(); entry != state.history.rend(); ++entry) {
        json["entries"].push_back({{"generation", entry->generation},
                                   {"time", time_json(entry->time_wall_s)},
                                   {"change", entry->change},
                                   {"by", entry->by},
                                   {"hash", entry->hash},
                                   {"name", entry->name},
                                   {"state", entry->state}});
    }
    return json;
}

Json effect_json(const Effect& effect) {
    Json json{{"window", effect.window.count()},
              {"flows", effect.flows},
              {"pass", effect.pass},
              {"drop", effect.drop},
              {"wouldDropFlows", Json::array()}};
    for (const JudgedFlow& flow : effect.would_drop) {
        json["wouldDropFlows"].push_back(flow_json(flow));
    }
    if (effect.session) {
        json["callerSession"] = {{"remote", effect.session->flow.remote.to_string()},
                                 {"port", effect.session->flow.remote_port},
                                 {"verdict", effect.session->passes() ? "pass" : "drop"}};
    }
    return json;
}

Json diff_json(const policy::Policy& before, const policy::Policy& after) {
    Json json = envelope("Diff");
    json["added"] = json["removed"] = json["changed"] = json["settings"] = Json::array();
    for (const policy::Rule& rule : after.rules) {
        const policy::Rule* old = find_rule(before, rule.name);
        if (old == nullptr) {
            json["added"].push_back(rule_json(rule));
        } else if (policy::describe(*old) != policy::describe(rule) || old->rank != rule.rank) {
            json["changed"].push_back(rule_json(rule));
        }
    }
    for (const policy::Rule& rule : before.rules) {
        if (find_rule(after, rule.name) == nullptr) {
            json["removed"].push_back(rule_json(rule));
        }
    }
    json["text"] = Json::array();
    for (const policy::Change& change : policy::diff(before, after)) {
        std::string line = policy::to_text(std::vector<policy::Change>{change});
        line.erase(line.find_last_not_of('\n') + 1);
        const bool rule = change.what.starts_with("allow ") || change.what.starts_with("deny ") ||
                          change.what.starts_with("failsafe ");
        if (!rule) {
            json["settings"].push_back(line);
        }
        json["text"].push_back(std::move(line));
    }
    return json;
}

}  // namespace tollgate::agent

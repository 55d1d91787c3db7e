// SPDX-License-Identifier: MIT
#include "agent/exchange/kubernetes_export.hpp"

#include <netinet/in.h>

#include <fmt/format.h>

#include "agent/exchange/manifest.hpp"
#include "policy/notation.hpp"

namespace tollgate::exchange {
namespace {

using Json = nlohmann::ordered_json;
using policy::Direction;
using policy::Rank;
using policy::Rule;
using policy::Service;

Json port_json(const Service& service) {
    if (service.protocol == IPPROTO_SCTP) {
        return {{"protocol", "SCTP"}};
    }
    Json port{{"protocol", service.protocol == IPPROTO_TCP ? "TCP" : "UDP"},
              {"port", service.first}};
    if (service.last != service.first) {
        port["endPort"] = service.last;
    }
    return port;
}

/// @return null: nothing of the rule can be said
Json rule_json(const Rule& rule, Losses& losses) {
    if (rule.rank == Rank::deny) {
        losses.left_out(rule, "a NetworkPolicy denies nothing but by default");
        return nullptr;
    }
    if (!can_be_in_manifest(rule, losses)) {
        return nullptr;
    }
    if (!rule.selector.names.empty()) {
        losses.left_out(rule, "a NetworkPolicy knows no DNS names");
    }
    Json ports = Json::array();
    for (const Service& service : rule.services) {
        if (policy::has_ports(service) || service.protocol == IPPROTO_SCTP) {
            ports.push_back(port_json(service));
        } else {
            losses.left_out(rule,
                            fmt::format("a NetworkPolicy knows no {}", policy::to_text(service)));
        }
    }
    Json made = Json::object();
    if (!rule.any_remote()) {
        Json blocks = Json::array();
        for (const Prefix& prefix : rule.selector.prefixes) {
            blocks.push_back({{"ipBlock", {{"cidr", cidr_text(prefix)}}}});
        }
        made[rule.direction == Direction::ingress ? "from" : "to"] = blocks;
    }
    if (!rule.services.empty()) {
        made["ports"] = ports;
    }
    // An empty list would be everybody, or everything.
    const bool empty = (!rule.any_remote() && rule.selector.prefixes.empty()) ||
                       (!rule.services.empty() && ports.empty());
    return empty ? Json(nullptr) : made;
}

}  // namespace

Exported export_kubernetes(const policy::Policy& policy) {
    Exported exported;
    Losses losses{exported.problems, policy.default_action};
    report_settings(policy, losses);
    Json types = Json::array();
    Json lists = Json::object();
    for (const Direction direction : {Direction::ingress, Direction::egress}) {
        const bool ingress = direction == Direction::ingress;
        const bool isolates =
            policy.default_action.at(static_cast<std::size_t>(direction)) == policy::Action::drop;
        if (isolates) {
            types.push_back(ingress ? "Ingress" : "Egress");
        }
        for (const Rule& rule : policy.rules) {
            // What is not isolated passes without being allowed.
            if (rule.direction != direction || (!isolates && rule.rank != Rank::deny)) {
                continue;
            }
            if (Json made = rule_json(rule, losses); !made.is_null()) {
                lists[ingress ? "ingress" : "egress"].push_back(std::move(made));
            }
        }
    }
    if (types.empty()) {
        // The API server would make Ingress of an empty list.
        losses.refused("everything passes by default: a NetworkPolicy has nothing to say");
        return exported;
    }
    Json spec{{"podSelector", Json::object()}, {"policyTypes", types}};
    spec.update(lists);
    exported.text = to_yaml({{"apiVersion", "networking.k8s.io/v1"},
                             {"kind", "NetworkPolicy"},
                             {"metadata", {{"name", policy.name}}},
                             {"spec", spec}});
    return exported;
}

}  // namespace tollgate::exchange

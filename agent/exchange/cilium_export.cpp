// SPDX-License-Identifier: MIT
#include <algorithm>

#include <netinet/in.h>

#include <fmt/format.h>

#include "agent/exchange/kubernetes_export.hpp"
#include "agent/exchange/manifest.hpp"
#include "policy/notation.hpp"

namespace tollgate::exchange {
namespace {

using Json = nlohmann::ordered_json;
using policy::Direction;
using policy::Policy;
using policy::Rank;
using policy::Rule;
using policy::Service;

constexpr std::uint16_t kDns = 53;
constexpr std::size_t kIcmpFieldsMax = 40;

/// Makes one manifest.
class CiliumWriter {
  public:
    CiliumWriter(const Policy& policy, std::vector<policy::Problem>& problems)
        : policy_{policy}, losses_{problems, policy.default_action} {
        for (const Rule& rule : policy.rules) {
            has_names_ = has_names_ || !rule.selector.names.empty();
        }
    }

    Json write() {
        report_settings(policy_, losses_);
        Json spec{{"endpointSelector", Json::object()},
                  {"enableDefaultDeny",
                   {{"ingress", drops(Direction::ingress)}, {"egress", drops(Direction::egress)}}}};
        for (const Direction direction : {Direction::ingress, Direction::egress}) {
            const std::string key{policy::to_text(direction)};
            Json allowed = entries(direction, false);
            if (allowed.empty() && drops(direction)) {
                allowed.push_back(Json::object());  // allows nothing, but the direction is ours
            }
            Json denied = entries(direction, true);
            if (!allowed.empty()) {
                spec[key] = std::move(allowed);
            }
            if (!denied.empty()) {
                spec[key + "Deny"] = std::move(denied);
            }
        }
        return {{"apiVersion", "cilium.io/v2"},
                {"kind", "CiliumNetworkPolicy"},
                {"metadata", {{"name", policy_.name}}},
                {"spec", std::move(spec)}};
    }

  private:
    [[nodiscard]] bool drops(Direction direction) const {
        return policy_.default_action.at(static_cast<std::size_t>(direction)) ==
               policy::Action::drop;
    }

    Json entries(Direction direction, bool deny) {
        Json made = Json::array();
        for (const Rule& rule : policy_.rules) {
            if (rule.direction != direction || (rule.rank == Rank::deny) != deny) {
                continue;
            }
            if (rule.rank == Rank::failsafe && has_denials(direction)) {
                losses_.changed(rule, "deny rules win over it there");
            }
            if (can_be_in_manifest(rule, losses_)) {
                add(made, rule);
            }
        }
        return made;
    }

    [[nodiscard]] bool has_denials(Direction direction) const {
        return std::any_of(policy_.rules.begin(), policy_.rules.end(), [&](const Rule& rule) {
            return rule.rank == Rank::deny && rule.direction == direction;
        });
    }

    // One entry for each kind of remote and of service: all that an entry says must hold.
    void add(Json& made, const Rule& rule) {
        const auto remotes = remotes_of(rule);
        for (const Json& service : services_of(rule)) {
            for (const Json& remote : remotes) {
                Json entry = remote;
                entry.update(service);
                made.push_back(std::move(entry));
            }
        }
    }

    std::vector<Json> remotes_of(const Rule& rule) {
        const std::string way = rule.direction == Direction::ingress ? "from" : "to";
        if (rule.any_remote()) {
            return {{{way + "Entities", {"all"}}}};
        }
        std::vector<Json> remotes;
        Json blocks = Json::array();
        for (const Prefix& prefix : rule.selector.prefixes) {
            blocks.push_back(cidr_text(prefix));
        }
        if (!blocks.empty() && rule.rank == Rank::deny) {
            losses_.changed(rule, "prefixes mean no pods and nodes of the cluster there");
        }
        if (!blocks.empty()) {
            remotes.push_back({{way + "CIDR", std::move(blocks)}});
        }
        if (rule.selector.names.empty()) {
            return remotes;
        }
        if (rule.rank == Rank::deny || rule.direction == Direction::ingress) {
            losses_.left_out(rule, "Cilium takes DNS names for what it allows on the way out only");
            return remotes;
        }
        Json names = Json::array();
        for (const policy::NamePattern& name : rule.selector.names) {
            if (name.wildcard) {
                losses_.changed(rule, fmt::format("'{}' is one label there", name.to_string()));
            }
            names.push_back({{name.wildcard ? "matchPattern" : "matchName", name.to_string()}});
        }
        remotes.push_back({{"toFQDNs", std::move(names)}});
        return remotes;
    }

    std::vector<Json> services_of(const Rule& rule) {
        if (rule.services.empty()) {
            return {Json::object()};
        }
        Json ports = Json::array();
        Json dns = Json::array();
        Json fields = Json::array();
        for (const Service& service : rule.services) {
            const bool is_dns = service.first == kDns && service.last == kDns;
            if (policy::has_ports(service)) {
                (is_dns && watches_dns(rule) ? dns : ports).push_back(port_json(service));
            } else if (service.protocol == IPPROTO_ICMP || service.protocol == IPPROTO_ICMPV6) {
                add_icmp(fields, rule, service);
            } else {
                losses_.left_out(
                    rule, fmt::format("Cilium knows no {} by itself", policy::to_text(service)));
            }
        }
        std::vector<Json> services;
        Json to_ports = Json::array();
        if (!ports.empty()) {
            to_ports.push_back({{"ports", ports}});
        }
        if (!dns.empty()) {
            to_ports.push_back(
                {{"ports", dns}, {"rules", {{"dns", Json::array({{{"matchPattern", "*"}}})}}}});
        }
        if (!to_ports.empty()) {
            services.push_back({{"toPorts", std::move(to_ports)}});
        }
        if (!fields.empty()) {
            services.push_back({{"icmps", Json::array({{{"fields", std::move(fields)}}})}});
        }
        return services;
    }

    // Cilium learns addresses of names from the answers that it has seen.
    [[nodiscard]] bool watches_dns(const Rule& rule) const {
        return has_names_ && rule.direction == Direction::egress && rule.rank != Rank::deny;
    }

    static Json port_json(const Service& service) {
        Json port{{"port", std::to_string(service.first)}};
        if (service.last != service.first) {
            port["endPort"] = service.last;
        }
        port["protocol"] = service.protocol == IPPROTO_TCP ? "TCP" : "UDP";
        return port;
    }

    void add_icmp(Json& fields, const Rule& rule, const Service& service) {
        const std::size_t types = std::size_t{service.last} - service.first + 1;
        if (fields.size() + types > kIcmpFieldsMax) {
            losses_.left_out(rule,
                             fmt::format("Cilium takes {} ICMP types in a rule, and {} are more",
                                         kIcmpFieldsMax,
                                         policy::to_text(service)));
            return;
        }
        for (std::uint32_t type = service.first; type <= service.last; ++type) {
            fields.push_back(
                {{"family", service.protocol == IPPROTO_ICMP ? "IPv4" : "IPv6"}, {"type", type}});
        }
    }

    const Policy& policy_;
    Losses losses_;
    bool has_names_ = false;
};

}  // namespace

Exported export_cilium(const Policy& policy) {
    Exported exported;
    exported.text = to_yaml(CiliumWriter{policy, exported.problems}.write());
    return exported;
}

}  // namespace tollgate::exchange

// SPDX-License-Identifier: MIT
#include "agent/exchange/mud_export.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>

#include <netinet/in.h>

#include <fmt/format.h>

#include "agent/exchange/loss.hpp"
#include "agent/exchange/mud_entry.hpp"
#include "agent/exchange/names.hpp"
#include "policy/notation.hpp"

namespace tollgate::exchange {
namespace {

using Json = nlohmann::ordered_json;
using policy::Direction;
using policy::Policy;
using policy::Rank;
using policy::Rule;
using policy::Service;

/// An entry and the list that it belongs to.
struct Ace {
    Direction packets = Direction::ingress;
    MudFamily family = MudFamily::ipv4;
    Json json;
};

bool is_icmp(const Service& service) {
    return service.protocol == IPPROTO_ICMP || service.protocol == IPPROTO_ICMPV6;
}

bool has_family(const MudRemote& remote, const std::optional<Service>& service, MudFamily family) {
    const bool ipv4 = family == MudFamily::ipv4;
    const std::uint8_t other = ipv4 ? std::uint8_t{IPPROTO_ICMPV6} : std::uint8_t{IPPROTO_ICMP};
    return (!remote.prefix || remote.prefix->address.is_ipv4() == ipv4) &&
           (!service || service->protocol != other);
}

/// A rule's services; ICMP types one by one, if they are not all of them: MUD has no ranges there.
std::vector<std::optional<Service>> services_of(const Rule& rule) {
    std::vector<std::optional<Service>> services;
    for (const Service& service : rule.services) {
        if (!is_icmp(service) || (service.first == 0 && service.last == 255)) {
            services.emplace_back(service);
            continue;
        }
        for (std::uint16_t type = service.first; type <= service.last; ++type) {
            services.emplace_back(Service{service.protocol, type, type});
        }
    }
    if (services.empty()) {
        services.emplace_back();
    }
    return services;
}

/// What the packets of the other direction have that answer a service; nothing, if they cannot be
/// told from what the other side begins.
std::optional<Service> answer_to(const std::optional<Service>& service) {
    if (!service || policy::has_ports(*service)) {
        return service;
    }
    const std::uint16_t type = service->first == service->last ? service->first : UINT16_MAX;
    const auto reply = static_cast<std::uint16_t>(type + 1);
    if (service->protocol == IPPROTO_ICMPV6 && type == 128) {
        return Service{IPPROTO_ICMPV6, reply, reply};
    }
    if (service->protocol == IPPROTO_ICMP && (type == 13 || type == 15 || type == 17)) {
        return Service{IPPROTO_ICMP, reply, reply};
    }
    return service->protocol == IPPROTO_ICMP && type == 8 ? std::optional{Service{IPPROTO_ICMP}}
                                                          : std::nullopt;
}

/// Whether packets with it are of flows that one side begins, and not the answers to the other's.
bool tells_direction(const std::optional<Service>& service) {
    constexpr std::uint16_t kPortMax = 65535;
    if (!service || !policy::has_ports(*service)) {
        return service && is_icmp(*service) && service->first == service->last;
    }
    const bool all = service->first <= 1 && service->last == kPortMax;
    return service->protocol == IPPROTO_TCP || !all;  // of TCP an entry says who begins
}

/// Makes the access lists of one policy.
class ListWriter {
  public:
    ListWriter(const Policy& policy, std::vector<policy::Problem>& problems)
        : policy_{policy}, losses_{problems, {policy::Action::drop, policy::Action::drop}} {
        for (const Rule& rule : policy.rules) {
            taken_.insert(rule.name);
        }
    }

    /// "acl"
    Json write() {
        for (const Rank rank : {Rank::deny, Rank::allow, Rank::failsafe}) {
            for (const Rule& rule : policy_.rules) {
                if (rule.rank == rank && can_say(rule)) {
                    add(rule);
                }
            }
        }
        report_defaults();
        Json lists = Json::array();
        for (const MudFamily family : {MudFamily::ipv4, MudFamily::ipv6}) {
            for (const Direction packets : {Direction::egress, Direction::ingress}) {
                add_list(lists, packets, family);
            }
        }
        add_link_layer(lists);
        return lists;
    }

    /// "from-device-policy" or "to-device-policy", after write()
    [[nodiscard]] Json references(Direction packets) const {
        Json list = Json::array();
        for (const auto& [name, direction] : list_names_) {
            if (direction == packets) {
                list.push_back({{"name", name}});
            }
        }
        return {{"access-lists", {{"access-list", list}}}};
    }

  private:
    // Reports what a file cannot say. @return whether the rule can be in it at all
    bool can_say(const Rule& rule) {
        std::string why;
        if (rule.rank == Rank::failsafe) {
            why = "failsafe rules are of one host, MUD files of a kind of device";
        } else if (!rule.selector.peers.empty() || rule.via != policy::Via::any) {
            why = "MUD knows no tunnels";
        } else if (rule.expires) {
            why = "what MUD says does not expire";
        }
        if (!why.empty()) {
            losses_.left_out(rule, why);
        } else if (rule.limit != policy::Limit{}) {
            losses_.changed(rule, "without its limit");
        }
        return why.empty();
    }

    void report_defaults() {
        for (const Direction direction : {Direction::ingress, Direction::egress}) {
            if (policy_.default_action.at(static_cast<std::size_t>(direction)) ==
                policy::Action::pass) {
                losses_.general(
                    fmt::format("default {}: pass becomes drop", policy::to_text(direction)),
                    "MUD drops what no entry accepts");
            }
        }
        for (const policy::BaselinePart& part : policy::baseline_parts()) {
            if ((TG_BASELINE_DEFAULT & ~policy_.baseline & part.bit) != 0) {
                losses_.general(fmt::format("baseline: '{}: false' is left out", part.key));
            }
        }
    }

    std::vector<MudRemote> remotes_of(const Rule& rule) {
        const auto label = rule.remote.size() == 1 ? policy_.labels.find("mud/" + rule.remote[0])
                                                   : policy_.labels.end();
        const auto mud_class = label == policy_.labels.end() ? std::optional<MudClass>{}
                                                             : parse_mud_class(label->second);
        std::vector<MudRemote> remotes;
        if (rule.any_remote()) {
            remotes.emplace_back();
        }
        for (const Prefix& prefix : rule.selector.prefixes) {
            remotes.push_back({prefix, {}, {}, mud_class});
        }
        for (const MacAddress& mac : rule.selector.macs) {
            remotes.push_back({{}, mac, {}, {}});
        }
        for (const policy::NamePattern& name : rule.selector.names) {
            if (name.wildcard) {
                losses_.left_out(rule, fmt::format("'{}' is no host name", name.to_string()));
            } else {
                remotes.push_back({{}, {}, name.name, {}});
            }
        }
        return mud_class ? one_for_each_family(remotes) : remotes;
    }

    // A class stands for all of the group's addresses of a family.
    static std::vector<MudRemote> one_for_each_family(const std::vector<MudRemote>& remotes) {
        std::vector<MudRemote> first;
        for (const MudRemote& remote : remotes) {
            const bool seen = std::any_of(first.begin(), first.end(), [&](const MudRemote& other) {
                return remote.prefix && other.prefix &&
                       other.prefix->address.is_ipv4() == remote.prefix->address.is_ipv4();
            });
            if (!seen) {
                first.push_back(remote);
            }
        }
        for (MudRemote& remote : first) {
            if (remote.prefix) {  // only its family counts: all of that is not written
                remote.prefix =
                    *Prefix::parse(remote.prefix->address.is_ipv4() ? "0.0.0.0/0" : "::/0");
            }
        }
        return first;
    }

    void add(const Rule& rule) {
        bool first = true;
        for (const MudRemote& remote : remotes_of(rule)) {
            for (const auto& service : services_of(rule)) {
                if (!has_family(remote, service, MudFamily::ipv4) &&
                    !has_family(remote, service, MudFamily::ipv6)) {
                    continue;
                }
                const std::string name = first ? rule.name : unique(rule.name, taken_);
                first = false;
                add_pair(rule, {remote, service, rule.direction, false}, name);
            }
        }
        if (first) {
            losses_.left_out(rule, "nothing in it can be said");
        }
    }

    // The packets of the flows, and their answers.
    void add_pair(const Rule& rule, MudEntry entry, const std::string& name) {
        add_entry(rule, entry, name);
        if (rule.rank == Rank::deny) {
            if (!tells_direction(entry.service) && !has_opposite(rule)) {
                losses_.changed(rule,
                                "it drops the answers to what the other side begins there, too");
            }
            return;
        }
        entry.answers = true;
        entry.service = answer_to(entry.service);
        if (entry.service) {
            constexpr std::size_t kLongest = 80;
            add_entry(rule, entry, unique(name + "-answers", taken_, kLongest));
        } else if (!has_opposite(rule)) {
            losses_.changed(rule,
                            "without answers: MUD cannot tell them from what the other side "
                            "begins, where there are no ports");
        }
    }

    [[nodiscard]] bool has_opposite(const Rule& rule) const {
        return std::any_of(policy_.rules.begin(), policy_.rules.end(), [&](const Rule& other) {
            return other.rank == rule.rank && other.direction != rule.direction &&
                   other.selector == rule.selector && other.services == rule.services;
        });
    }

    void add_entry(const Rule& rule, const MudEntry& entry, const std::string& name) {
        Json actions{{"forwarding", rule.rank == Rank::deny ? "drop" : "accept"}};
        if (rule.log) {
            actions["logging"] = "log-syslog";
        }
        const bool egress = (entry.flow == Direction::egress) != entry.answers;
        for (const MudFamily family : {MudFamily::ipv4, MudFamily::ipv6}) {
            if (has_family(entry.remote, entry.service, family)) {
                aces_.push_back({egress ? Direction::egress : Direction::ingress,
                                 family,
                                 {{"name", name},
                                  {"matches", matches_json(entry, family)},
                                  {"actions", actions}}});
            }
        }
    }

    void add_list(Json& lists, Direction packets, MudFamily family) {
        Json aces = Json::array();
        for (const Ace& ace : aces_) {
            if (ace.packets == packets && ace.family == family) {
                aces.push_back(ace.json);
            }
        }
        const bool ipv4 = family == MudFamily::ipv4;
        add_list(lists,
                 fmt::format("{}-{}-{}",
                             packets == Direction::egress ? "from" : "to",
                             ipv4 ? "ipv4" : "ipv6",
                             policy_.name),
                 ipv4 ? "ipv4-acl-type" : "ipv6-acl-type",
                 std::move(aces),
                 packets);
    }

    void add_list(Json& lists,
                  const std::string& name,
                  const char* type,
                  Json aces,
                  Direction packets) {
        if (!aces.empty()) {
            lists.push_back({{"name", name}, {"type", type}, {"aces", {{"ace", std::move(aces)}}}});
            list_names_.emplace_back(name, packets);
        }
    }

    void add_link_layer(Json& lists) {
        Json aces = Json::array();
        const auto add = [&](std::uint32_t bit, const char* name, const char* ethertype) {
            if ((policy_.baseline & bit) != 0) {
                aces.push_back({{"name", name},
                                {"matches", {{"eth", {{"ethertype", ethertype}}}}},
                                {"actions", {{"forwarding", "accept"}}}});
            }
        };
        add(TG_BASELINE_EAPOL, "eapol", "0x888e");
        add(TG_BASELINE_LLDP, "lldp", "0x88cc");
        add_list(lists,
                 "from-ethernet-" + policy_.name,
                 "eth-acl-type",
                 std::move(aces),
                 Direction::egress);
    }

    const Policy& policy_;
    Losses losses_;
    std::set<std::string> taken_;
    std::vector<Ace> aces_;
    std::vector<std::pair<std::string, Direction>> list_names_;
};

std::string label_of(const Policy& policy, const std::string& key, const std::string& otherwise) {
    const auto label = policy.labels.find(key);
    return label == policy.labels.end() ? otherwise : label->second;
}

Json header_json(const Policy& policy, const MudExportOptions& options) {
    Json mud{{"mud-version", 1},
             {"mud-url", options.url.empty() ? label_of(policy, "mud-url", "") : options.url}};
    const std::string last_update = label_of(policy, "mud-last-update", options.last_update);
    if (!last_update.empty()) {
        mud["last-update"] = last_update;
    }
    const std::string validity = label_of(policy, "mud-cache-validity", "");
    std::int64_t hours = 0;
    const char* const end = validity.data() + validity.size();
    if (std::from_chars(validity.data(), end, hours).ptr == end && !validity.empty()) {
        mud["cache-validity"] = hours;
    }
    mud["is-supported"] = label_of(policy, "mud-is-supported", "true") != "false";
    if (!policy.description.empty()) {
        mud["systeminfo"] = policy.description;
    }
    for (const char* const key :
         {"mfg-name", "model-name", "firmware-rev", "software-rev", "documentation"}) {
        if (policy.labels.contains(std::string{"mud-"} + key)) {
            mud[key] = policy.labels.at(std::string{"mud-"} + key);
        }
    }
    return mud;
}

}  // namespace

Exported export_mud(const Policy& policy, const MudExportOptions& options) {
    Exported exported;
    if (options.url.empty() && !policy.labels.contains("mud-url")) {
        exported.problems.push_back({{},
                                     "nothing says the URL under which the MUD file will be found",
                                     "add --mud-url, or the label 'mud-url' to the policy"});
        return exported;
    }
    ListWriter writer{policy, exported.problems};
    Json lists = writer.write();
    Json mud = header_json(policy, options);
    mud["from-device-policy"] = writer.references(Direction::egress);
    mud["to-device-policy"] = writer.references(Direction::ingress);
    const Json file{{"ietf-mud:mud", std::move(mud)},
                    {"ietf-access-control-list:acls", {{"acl", std::move(lists)}}}};
    exported.text = file.dump(2) + "\n";
    return exported;
}

}  // namespace tollgate::exchange

// SPDX-License-Identifier: MIT
#include "agent/exchange/mud_import.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include <netinet/in.h>

#include <fmt/format.h>

#include "agent/exchange/mud_compile.hpp"
#include "agent/exchange/mud_reader.hpp"
#include "agent/exchange/names.hpp"
#include "policy/notation.hpp"
#include "policy/validate.hpp"

namespace tollgate::exchange {
namespace {

using policy::Direction;
using policy::in_quotes;
using policy::Problem;
using policy::Rank;
using policy::Rule;
using policy::Severity;
using Kind = MudOutcome::Kind;

const MudClass kLocalNetworks{MudClass::Kind::local_networks, ""};

/// Addresses that a group is made of: those of a class that the family has.
using GroupKey = std::pair<MudClass, MudFamily>;

bool covers(const policy::Selector& wide, const policy::Selector& narrow) {
    if (wide.empty() || wide == narrow) {
        return true;
    }
    const bool prefixes_only = narrow.size() == narrow.prefixes.size() && !narrow.empty();
    return prefixes_only &&
           std::all_of(narrow.prefixes.begin(), narrow.prefixes.end(), [&](const Prefix& inner) {
               return std::any_of(wide.prefixes.begin(),
                                  wide.prefixes.end(),
                                  [&](const Prefix& outer) { return outer.contains(inner); });
           });
}

bool covers(const Rule& rule, const MudFlows& flows, const policy::Service& service) {
    const auto& services = rule.services;
    return rule.rank == Rank::allow && rule.direction == flows.direction &&
           covers(rule.selector, flows.remote) &&
           (services.empty() ||
            std::any_of(services.begin(), services.end(), [&](const policy::Service& wide) {
                return wide.protocol == service.protocol && wide.first <= service.first &&
                       service.last <= wide.last;
            }));
}

// What servers say to a client that has asked a group of hosts.
bool is_dhcp(const MudFlows& flows, const policy::Service& service) {
    const std::uint16_t port = flows.family == MudFamily::ipv6 ? 547 : 67;
    return flows.direction == Direction::egress &&
           service == policy::Service{IPPROTO_UDP, port, port};
}

/// Makes one policy of one file.
class Importer {
  public:
    Importer(const MudFile& file, const MudImportOptions& options)
        : file_{file}, definitions_{options.definitions} {
        definitions_.try_emplace(kLocalNetworks, private_networks());
        describe(options);
    }

    MudImport import(const MudDefinitions& given) {
        for (const MudAcl& acl : file_.acls) {
            import_acl(acl);
        }
        for (const Waiting& answers : answers_) {
            settle(answers);
        }
        for (const Waiting& denial : denials_) {
            deny_opposite(denial);
        }
        sort_rules();
        name_groups();
        if (!given.contains(kLocalNetworks) && uses_local_networks_) {
            problems_.push_back({{},
                                 "'local-networks' are all private addresses here",
                                 "add --define local-networks=NETWORK for what they are",
                                 Severity::warning});
        }
        for (Entry& entry : entries_) {
            policy_.rules.push_back(std::move(entry.rule));
        }
        for (Problem& problem : policy::find_errors(policy_)) {
            problems_.push_back(std::move(problem));
        }
        MudImport result{std::move(policy_), std::move(outcomes_), std::move(problems_)};
        if (policy::has_errors(result.problems)) {
            result.policy.reset();
        }
        return result;
    }

  private:
    struct Entry {
        Rule rule;
        std::optional<GroupKey> group;
    };
    /// What can be settled only when all rules are there.
    struct Waiting {
        const MudAce* ace;
        MudFlows flows;
        std::size_t outcome;
    };

    void describe(const MudImportOptions& options) {
        policy_.mode = options.mode;
        for (const auto& [key, text] : file_.header) {
            if (key == "systeminfo") {
                policy_.description = text;
            } else if (key != "is-supported" || text == "false") {
                policy_.labels[key.starts_with("mud-") ? key : "mud-" + key] = text;
            }
        }
        policy_.name = options.name;
        if (policy_.name.empty()) {
            std::string_view url = policy_.labels["mud-url"];
            url.remove_suffix(url.ends_with(".json") ? 5 : 0);
            policy_.name = url.empty() ? "mud" : identifier(url.substr(url.rfind('/') + 1));
        }
        std::erase_if(policy_.labels, [](const auto& label) {
            return label.first == "mud-url" && label.second.empty();
        });
    }

    void import_acl(const MudAcl& acl) {
        bool used = false;
        for (const auto& [direction, names] : {std::pair{Direction::egress, &file_.from_device},
                                               std::pair{Direction::ingress, &file_.to_device}}) {
            if (std::find(names->begin(), names->end(), acl.name) != names->end()) {
                used = true;
                import_acl(acl, direction);
            }
        }
        if (used) {
            return;
        }
        for (const MudAce& ace : acl.aces) {
            outcomes_.push_back({acl.name, ace.name, Kind::refused, ""});
            warn(ace,
                 "its list " + in_quotes(acl.name) + " is in neither policy of the file",
                 "name it in from-device-policy or to-device-policy");
        }
    }

    void import_acl(const MudAcl& acl, Direction direction) {
        bool accepts = false;
        for (const MudAce& ace : acl.aces) {
            outcomes_.push_back({acl.name, ace.name, Kind::refused, ""});
            import_ace(ace, direction);
            if (!ace.accept && accepts && outcomes_.back().kind == Kind::rule) {
                warn(ace,
                     "it comes behind entries that accept: it wins over them here",
                     "check that the device still works");
            }
            accepts = accepts || ace.accept;
        }
    }

    // Family by family, so that it does not matter whether it is in one list or in two.
    void import_ace(const MudAce& ace, Direction direction) {
        std::vector<MudFamily> families{ace.family};
        if (ace.family == MudFamily::any && !ace.ethertype) {
            families = {MudFamily::ipv4, MudFamily::ipv6};
        }
        std::optional<Obstacle> obstacle;
        bool complete = true;
        bool taken = false;
        for (const MudFamily family : families) {
            MudAce one = ace;
            one.family = family;
            if (const auto flows = compile_ace(one, direction, definitions_)) {
                take(ace, *flows);
                taken = true;
            } else {
                complete = complete && flows.error().moot;
                obstacle = obstacle && !obstacle->moot ? obstacle : flows.error();
            }
        }
        if (!taken || (!ace.accept && !complete)) {  // half of a denial lets the rest pass
            refuse(ace, *obstacle);
        }
    }

    void take(const MudAce& ace, const MudFlows& flows) {
        if (!flows.baseline.empty()) {
            return add_baseline(ace, flows.baseline);
        }
        if (!flows.answers) {
            add_rules(ace, flows, outcomes_.size() - 1);
            if (!ace.accept && flows.both_ways) {
                denials_.push_back({&ace, flows, outcomes_.size() - 1});
            }
            return;
        }
        if (!ace.accept) {
            return refuse(ace,
                          {"it denies answers", "deny what they answer, or write a rule by hand"});
        }
        answers_.push_back({&ace, flows, outcomes_.size() - 1});
    }

    void warn(const MudAce& ace, const std::string& message, const std::string& hint) {
        problems_.push_back({ace.mark,
                             fmt::format("ACE {}: {}", in_quotes(ace.name), message),
                             hint,
                             Severity::warning});
    }

    void refuse(const MudAce& ace, const Obstacle& obstacle) {
        constexpr const char* kOtherwise = "write a rule by hand, if the device needs it";
        warn(ace, obstacle.message, obstacle.hint.empty() ? kOtherwise : obstacle.hint);
        if (!ace.accept) {  // left out, it would let pass what it denies
            problems_.back().severity = Severity::error;
        }
    }

    void add_baseline(const MudAce& ace, std::string_view key) {
        const auto parts = policy::baseline_parts();
        const auto part = std::find_if(
            parts.begin(), parts.end(), [&](const auto& known) { return known.key == key; });
        if (!ace.accept) {
            return refuse(
                ace,
                {fmt::format("no rule can deny it: it is the part '{}' of the baseline", key),
                 "switch that off by hand"});
        }
        policy_.baseline |= part->bit;
        outcomes_.back().kind = Kind::baseline;
        outcomes_.back().by = key;
    }

    // One rule for each service, so that it stands for one entry in any other list, too.
    void add_rules(const MudAce& ace, const MudFlows& flows, std::size_t outcome) {
        outcomes_.at(outcome).kind = Kind::rule;
        std::vector<std::vector<policy::Service>> parts;
        for (const policy::Service& service : flows.services) {
            parts.push_back({service});
        }
        if (parts.empty()) {
            parts.emplace_back();
        }
        for (auto& services : parts) {
            const std::string name = add_rule(ace, flows, std::move(services));
            std::string& by = outcomes_.at(outcome).by;
            if (by != name) {  // a name or MAC address is one rule for both families
                by += (by.empty() ? "" : ", ") + name;
            }
        }
    }

    std::string add_rule(const MudAce& ace,
                         const MudFlows& flows,
                         std::vector<policy::Service> services) {
        Rule rule;
        rule.rank = ace.accept ? Rank::allow : Rank::deny;
        rule.direction = flows.direction;
        rule.services = std::move(services);
        rule.selector = flows.remote;
        rule.remote = policy::to_texts(rule.selector);
        rule.log = ace.log;
        std::optional<GroupKey> group;
        if (flows.remote_class) {
            group = GroupKey{*flows.remote_class, flows.family};
            uses_local_networks_ = uses_local_networks_ || *flows.remote_class == kLocalNetworks;
        }
        for (Entry& entry : entries_) {
            const Rule& other = entry.rule;
            if (entry.group == group &&
                std::tie(other.rank, other.direction, other.services, other.selector) ==
                    std::tie(rule.rank, rule.direction, rule.services, rule.selector)) {
                entry.rule.log = other.log || rule.log;
                return other.name;
            }
        }
        rule.name = unique(identifier(ace.name), names_);
        entries_.push_back({std::move(rule), std::move(group)});
        return entries_.back().rule.name;
    }

    // Answers pass with the flow they belong to: a rule for that is all they need.
    void settle(const Waiting& answers) {
        std::string by;
        for (const policy::Service& service : answers.flows.services) {
            const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) {
                return covers(e.rule, answers.flows, service);
            });
            if (found == entries_.end() && is_dhcp(answers.flows, service)) {
                outcomes_.at(answers.outcome).kind = Kind::baseline;
                outcomes_.at(answers.outcome).by = "dhcpClient";
                return;
            }
            if (found == entries_.end()) {
                return refuse(*answers.ace,
                              {"it allows answers, and no entry allows what they answer",
                               fmt::format("write a rule for {} {} by hand, if that may pass",
                                           policy::to_text(answers.flows.direction),
                                           policy::to_text(service))});
            }
            by += (by.empty() ? "" : ", ") + found->rule.name;
        }
        outcomes_.at(answers.outcome).kind = Kind::answers;
        outcomes_.at(answers.outcome).by = by;
    }

    // Without their answers, flows of the opposite direction come to nothing: a rule has to say so.
    // Last, as another entry may say it under a name of its own.
    void deny_opposite(const Waiting& denial) {
        MudFlows flows = denial.flows;
        flows.direction =
            flows.direction == Direction::egress ? Direction::ingress : Direction::egress;
        add_rules(*denial.ace, flows, denial.outcome);
    }

    // An order that does not depend on how the file distributes its entries over lists.
    void sort_rules() {
        const auto place = [](const Entry& entry) {
            const auto& prefixes = entry.rule.selector.prefixes;
            const bool ipv6_only =
                !prefixes.empty() && std::none_of(prefixes.begin(), prefixes.end(), [](auto& p) {
                    return p.address.is_ipv4();
                });
            return std::tuple{entry.rule.rank == Rank::deny,
                              entry.rule.direction == Direction::ingress,
                              ipv6_only};
        };
        std::stable_sort(entries_.begin(), entries_.end(), [&](const Entry& a, const Entry& b) {
            return place(a) < place(b);
        });
    }

    void name_groups() {
        std::map<GroupKey, policy::Group> groups;
        for (const Entry& entry : entries_) {
            if (entry.group) {
                groups[*entry.group].selector = entry.rule.selector;
            }
        }
        std::set<std::string> taken;
        for (auto& [key, group] : groups) {
            group.name = unique(group_name(key.first, key.second), taken, kGroupNameMax);
            policy_.labels["mud/" + group.name] = to_text(key.first);
            policy_.groups.push_back(group);
        }
        std::sort(policy_.groups.begin(), policy_.groups.end(), [](auto& a, auto& b) {
            return a.name < b.name;
        });
        for (Entry& entry : entries_) {
            if (entry.group) {
                entry.rule.remote = {groups.at(*entry.group).name};
            }
        }
    }

    const MudFile& file_;
    MudDefinitions definitions_;
    policy::Policy policy_;
    std::vector<MudOutcome> outcomes_;
    std::vector<Problem> problems_;
    std::vector<Entry> entries_;
    std::vector<Waiting> answers_;
    std::vector<Waiting> denials_;
    std::set<std::string> names_;
    bool uses_local_networks_ = false;
};

}  // namespace

MudImport import_mud(std::string_view text, const MudImportOptions& options) {
    MudReading reading = read_mud(text);
    if (!reading.file) {
        return {std::nullopt, {}, std::move(reading.problems)};
    }
    MudImport result = Importer{*reading.file, options}.import(options.definitions);
    result.problems.insert(result.problems.begin(),
                           std::make_move_iterator(reading.problems.begin()),
                           std::make_move_iterator(reading.problems.end()));
    return result;
}

}  // namespace tollgate::exchange

// SPDX-License-Identifier: MIT
#include "policy/yaml_reader.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include <fmt/format.h>

#include "policy/notation.hpp"
#include "policy/validate.hpp"
#include "policy/yaml_fields.hpp"
#include "policy/yaml_rules.hpp"
#include "policy/yaml_strict.hpp"

namespace tollgate::policy {
namespace {

/// Reads one document into a Policy, section by section.
class PolicyReader {
  public:
    explicit PolicyReader(std::vector<Problem>& problems) : problems_(problems) {}

    Policy read(const YamlNode& root) {
        Fields fields(root, "the file", problems_);
        read_constant(fields, "apiVersion", "tollgate/v1");
        read_constant(fields, "kind", "Policy");
        if (const YamlNode* const metadata = fields.required("metadata")) {
            read_metadata(*metadata);
        }
        if (const YamlNode* const spec = fields.required("spec")) {
            read_spec(*spec);
        }
        fields.refuse_others();
        return std::move(policy_);
    }

  private:
    void read_constant(Fields& fields, std::string_view key, std::string_view value) {
        const std::array<std::string_view, 1> only{value};
        if (const YamlNode* const node = fields.required(key)) {
            std::ignore = read_choice(*node, key, only, problems_);
        }
    }

    std::string read_identifier(const YamlNode& node, std::string_view key) {
        auto name = read_text(node, key, problems_);
        if (name && !is_identifier(*name)) {
            report(problems_,
                   {node.mark,
                    fmt::format("{}: {} is not a name", key, in_quotes(*name)),
                    "write lower-case letters, digits and hyphens, at most 63"});
        }
        return name.value_or("");
    }

    void read_metadata(const YamlNode& node) {
        Fields fields(node, "metadata", problems_);
        if (const YamlNode* const name = fields.required("name")) {
            policy_.name = read_identifier(*name, "name");
        }
        if (const YamlNode* const description = fields.optional("description")) {
            policy_.description = read_text(*description, "description", problems_).value_or("");
            if (policy_.description.size() > kDescriptionMax) {
                report(problems_, {description->mark, "description: longer than 400 bytes", ""});
            }
        }
        if (const YamlNode* const labels = fields.optional("labels")) {
            read_labels(*labels);
        }
        fields.refuse_others();
    }

    void read_labels(const YamlNode& node) {
        const Fields fields(node, "labels", problems_);
        for (const YamlEntry& entry : node.entries) {
            if (!is_label_key(entry.key) && !entry.key.empty()) {
                report(problems_,
                       {entry.mark,
                        "labels: " + in_quotes(entry.key) + " is not a label",
                        "write a letter, then letters, digits and '.', '_', '/', '-', at most 63"});
            } else if (entry.value.kind == YamlNode::Kind::null) {
                report(problems_, {entry.mark, "the label has no value", "write \"\" for none"});
            } else if (const auto value = read_line(entry.value, "label", problems_)) {
                policy_.labels[entry.key] = *value;
            }
        }
    }

    static bool is_label_key(std::string_view key) {
        const auto is_letter = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        };
        return !key.empty() && key.size() <= 63 && is_letter(key.front()) &&
               std::all_of(key.begin(), key.end(), [&](char c) {
                   return is_letter(c) || (c >= '0' && c <= '9') ||
                          std::string_view("._/-").find(c) != std::string_view::npos;
               });
    }

    void read_spec(const YamlNode& node) {
        Fields fields(node, "spec", problems_);
        if (const YamlNode* const mode = fields.required("mode")) {
            constexpr std::array<std::string_view, 3> kModes{"enforce", "audit", "learn"};
            const auto choice = read_choice(*mode, "mode", kModes, problems_);
            policy_.mode = static_cast<Stage>(choice.value_or(TG_STAGE_LEARN));
        }
        if (const YamlNode* const apply_to = fields.optional("applyTo")) {
            read_apply_to(*apply_to);
        }
        if (const YamlNode* const actions = fields.required("default")) {
            read_default(*actions);
        }
        if (const YamlNode* const baseline = fields.optional("baseline")) {
            read_baseline(*baseline);
        }
        if (const YamlNode* const groups = fields.optional("groups")) {
            read_groups(*groups);
        }
        RuleReader rules(policy_.groups, problems_);
        read_rules(fields.optional("failsafe"), "failsafe", Rank::failsafe, rules);
        read_rules(fields.optional("allow"), "allow", Rank::allow, rules);
        read_rules(fields.optional("deny"), "deny", Rank::deny, rules);
        fields.refuse_others();
    }

    void read_apply_to(const YamlNode& node) {
        Fields fields(node, "applyTo", problems_);
        if (const YamlNode* const names = fields.required("interfaces")) {
            for (const YamlNode& item : read_some(
                     *names, "interfaces", "leave 'applyTo' out if all are meant", problems_)) {
                add_interface(item, read_text(item, "interfaces", problems_));
            }
        }
        fields.refuse_others();
    }

    void add_interface(const YamlNode& node, const std::optional<std::string>& name) {
        auto& names = policy_.interfaces;
        if (!name) {
            return;
        }
        std::string wrong;
        if (!is_interface(*name)) {
            wrong = in_quotes(*name) + " is not an interface name";
        } else if (std::find(names.begin(), names.end(), *name) != names.end()) {
            wrong = in_quotes(*name) + " is here twice";
        } else if (names.size() >= TG_ZONES_MAX) {
            wrong = fmt::format("more than {}", TG_ZONES_MAX);
        }
        wrong.empty() ? names.push_back(*name)
                      : report(problems_, {node.mark, "interfaces: " + wrong, ""});
    }

    // What the kernel accepts (dev_valid_name), in ASCII.
    static bool is_interface(std::string_view name) {
        constexpr std::size_t kNameMax = 15;
        return !name.empty() && name.size() <= kNameMax && name != "." && name != ".." &&
               std::all_of(name.begin(), name.end(), [](char c) {
                   return c > ' ' && c < 0x7f && c != '/' && c != ':' && c != '%';
               });
    }

    void read_default(const YamlNode& node) {
        Fields fields(node, "default", problems_);
        for (const Direction direction : {Direction::ingress, Direction::egress}) {
            constexpr std::array<std::string_view, 2> kActions{"drop", "pass"};
            const std::string_view key = to_text(direction);
            if (const YamlNode* const action = fields.required(key)) {
                const auto choice = read_choice(*action, key, kActions, problems_);
                policy_.default_action.at(static_cast<std::size_t>(direction)) =
                    static_cast<Action>(choice.value_or(TG_ACTION_DROP));
            }
        }
        fields.refuse_others();
    }

    void read_baseline(const YamlNode& node) {
        Fields fields(node, "baseline", problems_);
        for (const BaselinePart& part : baseline_parts()) {
            if (const YamlNode* const value = fields.optional(part.key)) {
                const bool on = read_bool(*value, part.key, problems_).value_or(false);
                policy_.baseline = on ? policy_.baseline | part.bit : policy_.baseline & ~part.bit;
            }
        }
        fields.refuse_others();
    }

    void read_groups(const YamlNode& node) {
        const Fields fields(node, "groups", problems_);
        for (const YamlEntry& entry : node.entries) {
            if (!entry.key.empty() && (!is_identifier(entry.key) || entry.key == "any")) {
                report(problems_,
                       {entry.mark,
                        "groups: " + in_quotes(entry.key) + " is not a group name",
                        "write lower-case letters, digits and hyphens; 'any' is taken"});
            }
            policy_.groups.push_back({entry.key, read_group(entry), entry.mark});
        }
    }

    Selector read_group(const YamlEntry& entry) {
        Fields fields(entry.value, "group", problems_);
        Selector selector;
        std::size_t kinds = 0;
        for (const std::string_view key : {"cidr", "mac", "fqdn"}) {
            if (const YamlNode* const members = fields.optional(key)) {
                ++kinds;
                read_members(*members, key, selector);
            }
        }
        if (const YamlNode* const peers = fields.optional("peer")) {
            ++kinds;
            read_peers(*peers, selector, problems_);
        }
        fields.refuse_others();
        if (kinds > 1 || (kinds == 0 && fields.is_map() && entry.value.entries.empty())) {
            report(problems_,
                   {entry.mark,
                    "a group has exactly one of 'cidr', 'mac', 'fqdn' and 'peer'",
                    kinds > 1 ? "make two groups and name both in the rule" : ""});
        }
        return selector;
    }

    void read_members(const YamlNode& node, std::string_view key, Selector& selector) {
        for (const YamlNode& item : read_some(node, key, "remove the group", problems_)) {
            if (const auto text = read_line(item, key, problems_)) {
                read_member(item, key, *text, selector);
            }
        }
    }

    void read_member(const YamlNode& node,
                     std::string_view key,
                     const std::string& text,
                     Selector& selector) {
        std::string wrong;
        if (key == "mac") {
            const auto mac = MacAddress::parse(text);
            mac ? selector.macs.push_back(*mac)
                : void(wrong =
                           in_quotes(text) + " is not a MAC address; write '02:00:00:00:00:01'");
        } else if (key == "cidr") {
            const auto prefix = parse_prefix(text);
            prefix ? selector.prefixes.push_back(*prefix) : void(wrong = prefix.error().message());
        } else {
            const auto name = parse_name(text);
            name ? selector.names.push_back(*name) : void(wrong = name.error().message());
        }
        if (!wrong.empty()) {
            report(problems_, {node.mark, fmt::format("{}: {}", key, wrong), ""});
        }
    }

    void read_rules(const YamlNode* node, std::string_view key, Rank rank, RuleReader& rules) {
        if (node == nullptr) {
            return;
        }
        for (const YamlNode& item : read_list(*node, key, problems_)) {
            policy_.rules.push_back(rules.read(item, rank));
        }
    }

    static constexpr std::size_t kDescriptionMax = 400;

    std::vector<Problem>& problems_;
    Policy policy_;
};

}  // namespace

Reading read_policy(std::string_view text, const YamlParser& parser) {
    Reading reading;
    const auto root = parse_yaml(text, reading.problems, kYamlBytesMax, parser);
    if (!root) {
        return reading;
    }
    Policy policy = PolicyReader(reading.problems).read(*root);
    // After an error the policy is a torso: its warnings and most of its errors would mislead.
    const bool whole = !has_errors(reading.problems);
    for (Problem& problem : whole ? validate(policy) : find_name_clashes(policy)) {
        report(reading.problems, std::move(problem));
    }
    std::stable_sort(
        reading.problems.begin(), reading.problems.end(), [](const Problem& a, const Problem& b) {
            return std::pair(a.mark.line, a.mark.column) < std::pair(b.mark.line, b.mark.column);
        });
    if (!has_errors(reading.problems)) {
        reading.policy = std::move(policy);
    }
    return reading;
}

}  // namespace tollgate::policy

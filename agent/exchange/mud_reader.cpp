// SPDX-License-Identifier: MIT
#include "agent/exchange/mud_reader.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "agent/exchange/json_node.hpp"
#include "agent/exchange/mud_ace_reader.hpp"
#include "policy/yaml_text.hpp"

namespace tollgate::exchange {
namespace {

using policy::in_quotes;
using policy::Problem;
using policy::Severity;
using Kind = JsonNode::Kind;

constexpr std::size_t kHeaderTextMax = 400;

/// Containers of the file in front of and behind the entries.
class FileReader {
  public:
    MudReading read(const JsonNode& root) {
        check_keys(root);
        const JsonNode* const mud = required(root, "mud", Kind::object);
        const JsonNode* const acls = find_lists(root);
        warn_unknown(root, {"mud", "acls", "access-lists"});
        if (mud != nullptr) {
            read_header(*mud);
        }
        if (const JsonNode* const list =
                acls == nullptr ? nullptr : required(*acls, "acl", Kind::array)) {
            for (const JsonNode& acl : list->items) {
                read_acl(acl);
            }
        }
        check_references();
        MudReading reading{std::move(file_), std::move(problems_)};
        if (policy::has_errors(reading.problems)) {
            reading.file.reset();
        }
        return reading;
    }

  private:
    void error(const JsonNode& node, std::string message, std::string hint) {
        policy::report(problems_, {node.mark, std::move(message), std::move(hint)});
    }
    void warning(const JsonNode& node, std::string message, std::string hint) {
        policy::report(problems_,
                       {node.mark, std::move(message), std::move(hint), Severity::warning});
    }

    // Of two members with the same name one would be passed over.
    void check_keys(const JsonNode& node) {
        std::set<std::string_view> names;
        for (const JsonMember& member : node.members) {
            const std::string_view name = local_name(member.key);
            if (!names.insert(name).second) {
                error(member.value,
                      fmt::format("{} is here twice, with and without its module", in_quotes(name)),
                      "keep one of them");
            }
            check_keys(member.value);
        }
        for (const JsonNode& item : node.items) {
            check_keys(item);
        }
    }

    const JsonNode* find_lists(const JsonNode& root) {
        const JsonNode* const lists = find_local(root, "acls");
        const JsonNode* const draft = find_local(root, "access-lists");  // until draft 17
        if (lists != nullptr && draft != nullptr) {
            error(*draft, "the file has both 'acls' and 'access-lists'", "keep one of them");
        } else if (lists == nullptr && draft == nullptr) {
            error(root, "the file has no 'ietf-access-control-list:acls'", "");
        }
        return lists != nullptr ? lists : draft;
    }

    const JsonNode* required(const JsonNode& parent, std::string_view key, Kind kind) {
        const JsonNode* const node = find_local(parent, key);
        if (node == nullptr) {
            error(parent, fmt::format("'{}' is missing", key), "");
        } else if (node->kind != kind) {
            error(*node,
                  fmt::format("'{}' is no {}",
                              key,
                              kind == Kind::object    ? "object"
                              : kind == Kind::array   ? "array"
                              : kind == Kind::integer ? "whole number"
                                                      : "text"),
                  "");
            return nullptr;
        }
        return node;
    }

    void warn_unknown(const JsonNode& object, const std::vector<std::string_view>& known) {
        for (const JsonMember& member : object.members) {
            const std::string_view name = local_name(member.key);
            if (std::find(known.begin(), known.end(), name) == known.end()) {
                warning(member.value, in_quotes(member.key) + " is not known, and left out", "");
            }
        }
    }

    void read_header(const JsonNode& mud) {
        constexpr std::array<std::string_view, 10> kTexts{"mud-url",
                                                          "last-update",
                                                          "cache-validity",
                                                          "is-supported",
                                                          "systeminfo",
                                                          "mfg-name",
                                                          "model-name",
                                                          "firmware-rev",
                                                          "software-rev",
                                                          "documentation"};
        std::vector<std::string_view> known{
            "mud-version", "mud-signature", "extensions", "from-device-policy", "to-device-policy"};
        known.insert(known.end(), kTexts.begin(), kTexts.end());
        warn_unknown(mud, known);
        for (const std::string_view key : kTexts) {
            if (const JsonNode* const node = find_local(mud, key)) {
                read_header_text(key, *node);
            }
        }
        const JsonNode* const version = required(mud, "mud-version", Kind::integer);
        if (version != nullptr && version->integer != 1) {
            error(*version, fmt::format("'mud-version' is {}, not 1", version->integer), "");
        }
        if (find_local(mud, "mud-url") == nullptr) {
            warning(mud, "'mud-url' is missing", "");
        }
        file_.from_device = names_of(mud, "from-device-policy");
        file_.to_device = names_of(mud, "to-device-policy");
        if (file_.header.contains("is-supported") && file_.header["is-supported"] == "false") {
            warning(mud, "the manufacturer supports this device no longer", "");
        }
    }

    void read_header_text(std::string_view key, const JsonNode& node) {
        std::string text = node.text;
        const Kind kind = key == "cache-validity" ? Kind::integer
                          : key == "is-supported" ? Kind::truth
                                                  : Kind::text;
        if (node.kind != kind) {
            return error(node, fmt::format("'{}' has a wrong type", key), "");
        }
        if (kind == Kind::integer) {
            text = std::to_string(node.integer);
        } else if (kind == Kind::truth) {
            text = node.truth ? "true" : "false";
        }
        if (text.size() > kHeaderTextMax) {
            return warning(
                node,
                fmt::format("'{}' is longer than {} bytes, and left out", key, kHeaderTextMax),
                "");
        }
        file_.header.emplace(key, policy::one_visible_line(text));
    }

    std::vector<std::string> names_of(const JsonNode& mud, std::string_view policy) {
        std::vector<std::string> names;
        const JsonNode* const node = find_local(mud, policy);
        const JsonNode* const lists =
            node == nullptr ? nullptr : required(*node, "access-lists", Kind::object);
        const JsonNode* const list =
            lists == nullptr ? nullptr : required(*lists, "access-list", Kind::array);
        if (list == nullptr) {
            return names;
        }
        for (const JsonNode& entry : list->items) {
            if (const JsonNode* const name = required(entry, "name", Kind::text)) {
                names.push_back(name->text);
                references_.push_back(name);
            }
        }
        return names;
    }

    void read_acl(const JsonNode& node) {
        const JsonNode* const name = required(node, "name", Kind::text);
        const JsonNode* const aces = required(node, "aces", Kind::object);
        warn_unknown(node, {"name", "type", "aces"});
        if (name == nullptr || aces == nullptr) {
            return;
        }
        if (!acl_names_.insert(name->text).second) {
            return error(*name, "two access lists have the name " + in_quotes(name->text), "");
        }
        const JsonNode* const list = required(*aces, "ace", Kind::array);
        if (list == nullptr) {
            return;
        }
        MudAcl acl{name->text, node.mark, {}};
        for (const JsonNode& ace : list->items) {
            if (++aces_ > kMudAcesMax) {
                return error(ace, fmt::format("more than {} entries", kMudAcesMax), "");
            }
            if (required(ace, "name", Kind::text) != nullptr) {
                acl.aces.push_back(read_mud_ace(ace, family_of(node)));
            }
        }
        file_.acls.push_back(std::move(acl));
    }

    static MudFamily family_of(const JsonNode& acl) {
        const JsonNode* const type = find_local(acl, "type");
        const std::string_view word = type == nullptr ? "" : local_name(type->text);
        return word == "ipv4-acl-type" || word == "mixed-eth-ipv4-acl-type"   ? MudFamily::ipv4
               : word == "ipv6-acl-type" || word == "mixed-eth-ipv6-acl-type" ? MudFamily::ipv6
                                                                              : MudFamily::any;
    }

    void check_references() {
        for (const JsonNode* const name : references_) {
            if (!acl_names_.contains(name->text)) {
                error(*name, "there is no access list " + in_quotes(name->text), "");
            }
        }
    }

    MudFile file_;
    std::vector<Problem> problems_;
    std::vector<const JsonNode*> references_;
    std::set<std::string_view> acl_names_;
    std::size_t aces_ = 0;
};

}  // namespace

MudReading read_mud(std::string_view text) {
    const auto root = parse_json(text);
    if (!root) {
        return {std::nullopt, {root.error()}};
    }
    if (root->kind != Kind::object) {
        return {std::nullopt, {{root->mark, "a MUD file is a JSON object", ""}}};
    }
    return FileReader{}.read(*root);
}

}  // namespace tollgate::exchange

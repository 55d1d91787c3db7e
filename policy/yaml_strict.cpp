// SPDX-License-Identifier: MIT
#include "policy/yaml_strict.hpp"

#include <utility>

#include "policy/yaml_text.hpp"
#include "policy/yaml_tree.hpp"

namespace tollgate::policy {
namespace {

/// Notes the first document only, and that there was another.
std::optional<YamlNode> parse_documents(std::string_view text,
                                        std::vector<Problem>& problems,
                                        const YamlParser& parser) {
    YamlTreeBuilder builder(problems);
    auto problem = parser(text, [&](const YamlEvent& event) { return builder.take(event); });
    if (problem) {
        report(problems, *std::move(problem));
        return std::nullopt;
    }
    return builder.finish();
}

}  // namespace

std::optional<YamlNode> parse_yaml(std::string_view text,
                                   std::vector<Problem>& problems,
                                   std::size_t bytes_max,
                                   const YamlParser& parser) {
    if (text.size() > bytes_max) {
        const std::size_t mebibytes = bytes_max >> 20U;
        report(problems,
               {{1, 1},
                "the file is larger than " + std::to_string(mebibytes) + " MiB",
                "split the lists of addresses"});
        return std::nullopt;
    }
    const std::size_t before = problems.size();
    check_text(text, problems);
    if (problems.size() > before) {
        return std::nullopt;
    }
    auto root = parse_documents(text, problems, parser);
    if (root) {
        check_scalars(*root, problems);
    }
    return root;
}

}  // namespace tollgate::policy

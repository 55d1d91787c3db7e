// SPDX-License-Identifier: MIT
#include "agent/exchange/mud_definitions.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "policy/notation.hpp"
#include "policy/problem.hpp"

namespace tollgate::exchange {
namespace {

constexpr std::size_t kDefinedMax = 64;

}  // namespace

Result<void> define(std::string_view definition, MudDefinitions& definitions) {
    const std::size_t equals = definition.rfind('=');  // URIs have some of their own
    const auto mud_class = parse_mud_class(definition.substr(0, equals));
    if (equals == std::string_view::npos || !mud_class) {
        return failure(policy::in_quotes(definition) + " is no definition; write 'dns=192.0.2.53'");
    }
    std::vector<Prefix>& prefixes = definitions[*mud_class];
    std::string_view rest = definition.substr(equals + 1);
    while (true) {
        const std::size_t comma = rest.find(',');
        const auto prefix = policy::parse_prefix(rest.substr(0, comma));
        if (!prefix) {
            return Failure{prefix.error()};
        }
        if (prefixes.size() >= kDefinedMax) {
            return failure(fmt::format("{} has more than {} addresses",
                                       policy::in_quotes(definition.substr(0, equals)),
                                       kDefinedMax));
        }
        if (std::find(prefixes.begin(), prefixes.end(), *prefix) == prefixes.end()) {
            prefixes.push_back(*prefix);
        }
        if (comma == std::string_view::npos) {
            return {};
        }
        rest.remove_prefix(comma + 1);
    }
}

std::vector<Prefix> private_networks() {
    std::vector<Prefix> networks;
    for (const char* const text : {"10.0.0.0/8",
                                   "172.16.0.0/12",
                                   "192.168.0.0/16",
                                   "169.254.0.0/16",
                                   "fc00::/7",
                                   "fe80::/10"}) {
        networks.push_back(*Prefix::parse(text));
    }
    return networks;
}

}  // namespace tollgate::exchange

// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "agent/exchange/mud_import.hpp"
#include "policy/notation.hpp"

/// What becomes of MUD files, in few words.
namespace tollgate::test {

/// "NAME: RANK DIRECTION REMOTE SERVICES" of every rule.
inline std::vector<std::string> rules_of(const exchange::MudImport& imported) {
    std::vector<std::string> rules;
    for (const policy::Rule& rule :
         imported.policy ? imported.policy->rules : std::vector<policy::Rule>{}) {
        std::string remote;
        for (const std::string& member : rule.remote) {
            remote += member + " ";
        }
        rules.push_back(rule.name + ": " + std::string(to_text(rule.rank)) + " " +
                        std::string(to_text(rule.direction)) + " " + remote +
                        policy::to_text(rule.services));
    }
    return rules;
}

/// As they are printed, of the file "f".
inline std::string problems_of(const exchange::MudImport& imported) {
    return policy::format_problems("f", imported.problems);
}

/// With local networks, and what else is defined.
inline exchange::MudImport import_all(const std::string& text,
                                      std::initializer_list<const char*> definitions = {}) {
    exchange::MudImportOptions options;
    EXPECT_TRUE(exchange::define("local-networks=192.168.7.0/24,fd00::/8", options.definitions));
    for (const char* const definition : definitions) {
        EXPECT_TRUE(exchange::define(definition, options.definitions)) << definition;
    }
    return exchange::import_mud(text, options);
}

}  // namespace tollgate::test

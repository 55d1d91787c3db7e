// SPDX-License-Identifier: MIT
#include "agent/exchange/loss.hpp"

#include <fmt/format.h>

#include "policy/notation.hpp"

namespace tollgate::exchange {

void Losses::left_out(const policy::Rule& rule, const std::string& why) {
    add(rule,
        "left out: " + why,
        rule.rank == policy::Rank::deny ? "what it denies passes there if another rule allows it"
                                        : "what only it allows is dropped there");
}

void Losses::changed(const policy::Rule& rule, const std::string& how) {
    add(rule, how, "");
}

void Losses::general(const std::string& what, const std::string& hint) {
    problems_.push_back({{}, what, hint, policy::Severity::warning});
}

void Losses::refused(const std::string& why) {
    problems_.push_back({{}, why, "", policy::Severity::error});
}

void Losses::add(const policy::Rule& rule, const std::string& message, const std::string& hint) {
    problems_.push_back(
        {rule.mark,
         fmt::format(
             "{} rule {}: {}", policy::to_text(rule.rank), policy::quoted(rule.name), message),
         hint,
         policy::Severity::warning});
}

}  // namespace tollgate::exchange

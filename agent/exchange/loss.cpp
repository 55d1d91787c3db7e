// SPDX-License-Identifier: MIT
#include "agent/exchange/loss.hpp"

#include <fmt/format.h>

#include "policy/notation.hpp"

namespace tollgate::exchange {
namespace {

const char* what_is_lost(policy::Rank rank, policy::Action otherwise) {
    const bool passes = otherwise == policy::Action::pass;
    if (rank == policy::Rank::deny) {
        return passes ? "what it denies passes there"
                      : "what it denies passes there if another rule allows it";
    }
    return passes ? "where a deny rule is as wide, it drops there what this one allows"
                  : "what only it allows is dropped there";
}

}  // namespace

void Losses::left_out(const policy::Rule& rule, const std::string& why) {
    add(rule,
        "left out: " + why,
        what_is_lost(rule.rank, defaults_.at(static_cast<std::size_t>(rule.direction))));
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
             "{} rule {}: {}", policy::to_text(rule.rank), policy::in_quotes(rule.name), message),
         hint,
         policy::Severity::warning});
}

}  // namespace tollgate::exchange

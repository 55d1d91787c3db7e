// SPDX-License-Identifier: MIT
#include "agent/exchange/names.hpp"

#include <fmt/format.h>

#include "policy/notation.hpp"

namespace tollgate::exchange {
namespace {

std::string without_hyphens_around(std::string_view text) {
    const std::size_t first = text.find_first_not_of('-');
    if (first == std::string_view::npos) {
        return "";
    }
    return std::string{text.substr(first, text.find_last_not_of('-') - first + 1)};
}

}  // namespace

std::string identifier(std::string_view text, std::size_t longest) {
    std::string name;
    for (const char c : text.substr(0, longest)) {
        const bool upper = c >= 'A' && c <= 'Z';
        const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        name += upper ? static_cast<char>(c - 'A' + 'a') : plain ? c : '-';
    }
    name = without_hyphens_around(name);
    return policy::is_identifier(name) ? name : name.empty() ? "unnamed" : "a-" + name;
}

std::string unique(const std::string& name, std::set<std::string>& taken, std::size_t longest) {
    std::string candidate = name;
    for (std::size_t n = 2; !taken.insert(candidate).second; ++n) {
        const std::string suffix = fmt::format("-{}", n);
        candidate = without_hyphens_around(name.substr(0, longest - suffix.size())) + suffix;
    }
    return candidate;
}

}  // namespace tollgate::exchange

// SPDX-License-Identifier: MIT
#include "agent/support/known_secrets.hpp"

#include <algorithm>

#include "agent/support/text_encoding.hpp"

namespace tollgate::agent {
namespace {

constexpr std::size_t kKeyBytes = 16;  // what decodes to less was a word

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::uint64_t beginning(std::string_view text) {
    std::uint64_t bytes = 0;
    for (const char c : text.substr(0, KnownSecrets::kShortest)) {
        bytes = (bytes << 8U) | static_cast<unsigned char>(lower(c));
    }
    return bytes;
}

/// Hex may be written in either case; taking the other case of a password out as well harms nobody.
bool starts_with(std::string_view text, std::string_view form) {
    return text.size() >= form.size() &&
           std::equal(form.begin(), form.end(), text.begin(), [](char a, char b) {
               return lower(a) == lower(b);
           });
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n";
    const std::size_t begin = text.find_first_not_of(kBlank);
    return begin == std::string_view::npos
               ? std::string_view{}
               : text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

}  // namespace

void KnownSecrets::add_form(std::string_view form) {
    if (form.size() < kShortest) {
        return;
    }
    SecretText copy;
    copy += form;
    by_beginning_.emplace(beginning(form), forms_.size());
    forms_.push_back(std::move(copy));
}

void KnownSecrets::add(std::string_view value) {
    value = trimmed(value);
    if (value.size() < kShortest) {
        return;
    }
    const auto without_padding = [](std::string_view text) {
        return text.substr(0, text.find_last_not_of('=') + 1);
    };
    add_form(without_padding(value));
    add_form(without_padding(to_base64(value).view()));
    add_form(to_hex(value).view());
    for (const auto& decoded : {from_base64(value), from_hex(value)}) {
        if (decoded && decoded->view().size() >= kKeyBytes) {
            add_form(decoded->view());
            add_form(without_padding(to_base64(decoded->view()).view()));
            add_form(to_hex(decoded->view()).view());
        }
    }
    if (const std::size_t end = value.find('\n'); end != std::string_view::npos) {
        add(value.substr(0, end));
        add(value.substr(end + 1));
    }
}

KnownSecrets::Place KnownSecrets::find(std::string_view text, std::size_t from) const {
    if (forms_.empty()) {
        return {};
    }
    for (std::size_t at = from; at + kShortest <= text.size(); ++at) {
        const std::string_view rest = text.substr(at);
        std::size_t longest = 0;
        const auto [first, last] = by_beginning_.equal_range(beginning(rest));
        for (auto entry = first; entry != last; ++entry) {
            const std::string_view form = forms_[entry->second].view();
            longest = starts_with(rest, form) ? std::max(longest, form.size()) : longest;
        }
        if (longest > 0) {
            return {at, longest};
        }
    }
    return {};
}

}  // namespace tollgate::agent

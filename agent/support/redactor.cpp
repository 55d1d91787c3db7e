// SPDX-License-Identifier: MIT
#include "agent/support/redactor.hpp"

#include <algorithm>
#include <cctype>

namespace tollgate::agent {
namespace {

constexpr std::size_t kHexDigits = 32;
constexpr std::size_t kBase64Digits = 40;
constexpr std::size_t kKeyDigits = 43;  // of 32 bytes, before their one '='

bool is_digit(char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0;
}
bool is_upper(char c) {
    return std::isupper(static_cast<unsigned char>(c)) != 0;
}
bool is_lower(char c) {
    return std::islower(static_cast<unsigned char>(c)) != 0;
}
bool is_hex(char c) {
    return std::isxdigit(static_cast<unsigned char>(c)) != 0;
}
bool is_base64(char c) {
    return is_digit(c) || is_upper(c) || is_lower(c) ||
           std::string_view{"+/-_"}.find(c) != std::string_view::npos;
}

/// The run of characters at `begin` for which `is` holds.
template <typename Is>
std::string_view run_at(std::string_view text, std::size_t begin, Is is) {
    std::size_t end = begin;
    while (end < text.size() && is(text[end])) {
        ++end;
    }
    return text.substr(begin, end - begin);
}

bool has_long_hex(std::string_view run) {
    for (std::size_t at = 0; at < run.size(); ++at) {
        const std::string_view hex = run_at(run, at, is_hex);
        if (hex.size() >= kHexDigits) {
            return true;
        }
        at += hex.size();
    }
    return false;
}

/// Words and paths of this size have letters of one case only; a key that has is one of 10^9.
bool looks_like_key(std::string_view run, bool padded) {
    return has_long_hex(run) || (padded && run.size() >= kKeyDigits) ||
           (run.size() >= kBase64Digits && std::any_of(run.begin(), run.end(), is_upper) &&
            std::any_of(run.begin(), run.end(), is_lower));
}

std::string without_blocks(std::string_view text, Redactions& count) {
    constexpr std::string_view kBegin = "-----BEGIN ";
    constexpr std::string_view kEnd = "-----END ";
    constexpr std::string_view kDashes = "-----";
    std::string clean;
    for (std::size_t at = text.find(kBegin); at != std::string_view::npos; at = text.find(kBegin)) {
        const std::size_t label = at + kBegin.size();
        const std::size_t label_end = std::min(text.find(kDashes, label), text.size());
        const bool is_private =
            text.substr(label, label_end - label).find("PRIVATE KEY") != std::string_view::npos;
        const std::size_t end = text.find(kEnd, label_end);
        const std::size_t last = end == std::string_view::npos
                                     ? text.size()
                                     : std::min(text.find(kDashes, end + kEnd.size()), text.size());
        const std::size_t behind = std::min(last + kDashes.size(), text.size());
        clean += text.substr(0, at);
        clean += is_private ? Redactor::kMark : text.substr(at, behind - at);
        count.blocks += is_private ? 1 : 0;
        text.remove_prefix(behind);
    }
    return clean.append(text);
}

}  // namespace

void Redactor::spare(std::string value) {
    while (value.ends_with('=')) {
        value.pop_back();
    }
    spared_.insert(std::move(value));
}

std::string Redactor::without_known(std::string_view text, Redactions& count) const {
    std::string clean;
    std::size_t from = 0;
    for (auto place = secrets_.find(text); place.begin != std::string_view::npos;
         place = secrets_.find(text, from)) {
        clean.append(text.substr(from, place.begin - from)).append(kMark);
        from = place.begin + place.size;
        ++count.known;
    }
    return clean.append(text.substr(from));
}

std::string Redactor::without_keys(std::string_view text, Redactions& count) const {
    std::string clean;
    for (std::size_t at = 0; at < text.size();) {
        const std::string_view run = run_at(text, at, is_base64);
        if (run.empty()) {
            clean += text[at++];
            continue;
        }
        at += run.size();
        const std::string_view padding = run_at(text, at, [](char c) { return c == '='; });
        if (!spared_.contains(run) && looks_like_key(run, !padding.empty())) {
            clean += kMark;
            at += padding.size();
            ++count.keyed;
        } else {
            clean += run;
        }
    }
    return clean;
}

std::string Redactor::text(std::string_view text, Redactions& count) const {
    std::string clean = without_blocks(text, count);
    clean = without_known(clean, count);
    clean = without_named(clean, count);
    return without_keys(clean, count);
}

void Redactor::json(nlohmann::ordered_json& document, Redactions& count) const {
    if (document.is_string()) {
        document = text(document.get_ref<const std::string&>(), count);
        return;
    }
    if (!document.is_structured()) {
        return;
    }
    for (const auto& [name, value] : document.items()) {
        if (document.is_object() && names_a_secret(name) &&
            (value.is_string() || value.is_number())) {
            value = kMark;
            ++count.named;
        } else {
            json(value, count);
        }
    }
}

}  // namespace tollgate::agent

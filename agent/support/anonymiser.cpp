// SPDX-License-Identifier: MIT
#include "agent/support/anonymiser.hpp"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

namespace tollgate::agent {
namespace {

constexpr std::string_view kEllipsis = "…";
constexpr std::size_t kMacSize = 17;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
/// Letters of other scripts, in UTF-8, too.
bool is_of_word(char c) {
    return is_digit(c) || is_letter(c) || c == '_' || c == '-' ||
           static_cast<unsigned char>(c) >= 0x80;
}
bool is_base64(char c) {
    return is_digit(c) || is_letter(c) || c == '+' || c == '/';
}

char at_or_end(std::string_view text, std::size_t at) {
    return at < text.size() ? text[at] : '\0';
}

template <typename Is>
std::string_view run_at(std::string_view text, std::size_t at, Is is) {
    const auto* const begin = text.begin() + static_cast<std::ptrdiff_t>(at);
    return {begin, std::find_if_not(begin, text.end(), is)};
}

std::string_view without_end(std::string_view text, std::string_view characters) {
    return text.substr(0, text.find_last_not_of(characters) + 1);
}

/// The address at the beginning of a run of its characters; behind it may be a colon or full stop.
std::optional<IpAddress> address_in(std::string_view& run) {
    const std::string_view bare = without_end(run, ":.");
    for (const std::string_view part : {run, run.substr(0, run.size() - 1), bare}) {
        if (const auto address = IpAddress::parse(part)) {
            run = part;
            return address;
        }
    }
    return std::nullopt;
}

/// Of "/24" at `at`, in bits of the 16 bytes; all of them if there is none.
std::uint8_t prefix_bits(std::string_view text, std::size_t at, const IpAddress& address) {
    constexpr unsigned kAll = 128;
    const unsigned before = address.is_ipv4() ? 96 : 0;
    unsigned length = kAll;
    if (at_or_end(text, at) == '/') {
        std::from_chars(text.data() + at + 1, text.data() + text.size(), length);
    }
    return static_cast<std::uint8_t>(std::min(before + std::min(length, kAll), kAll));
}

/// "ota.example.com", and not "tollgate.yaml" or "0.1.0".
bool looks_like_dns_name(std::string_view token) {
    constexpr std::array<std::string_view, 24> kFiles{
        "yaml",    "yml",   "json", "jsonl",  "txt", "conf",    "key",   "psk",
        "secret",  "token", "pem",  "crt",    "log", "db",      "sock",  "socket",
        "service", "pid",   "gz",   "rodata", "bss", "journal", "spool", "rules"};
    constexpr std::size_t kLongestName = 253;
    constexpr std::size_t kLongestLabel = 63;
    const std::size_t dot = token.rfind('.');
    if (dot == std::string_view::npos || dot == 0 || token.size() > kLongestName) {
        return false;
    }
    const std::string_view last = token.substr(dot + 1);
    const bool is_top =
        last.size() >= 2 && (std::ranges::all_of(last, is_letter) || last.starts_with("xn--"));
    if (!is_top || std::ranges::find(kFiles, last) != kFiles.end()) {
        return false;
    }
    for (std::size_t at = 0; at < token.size();) {
        const std::string_view label = run_at(token, at, [](char c) { return c != '.'; });
        if (label.empty() || label.size() > kLongestLabel || label.front() == '-' ||
            label.back() == '-') {
            return false;
        }
        at += label.size() + 1;
    }
    return true;
}

/// As a text of JSON, between its quotes.
std::string in_json(std::string_view text) {
    const std::string quoted = nlohmann::json(text).dump(
        -1, ' ', /*ensure_ascii=*/false, nlohmann::json::error_handler_t::replace);
    return quoted.substr(1, quoted.size() - 2);
}

}  // namespace

void Anonymiser::know(std::string_view name, Kind kind, const std::string& pseudonym) {
    for (std::string form : {std::string{name}, in_json(name)}) {
        if (!form.empty() && form != pseudonym) {
            sizes_.insert(form.size());
            known_.emplace(std::move(form), Known{kind, std::string{name}, pseudonym});
        }
    }
}

void Anonymiser::know_host(std::string_view name) {
    know(name, Kind::host, pseudonyms_.host(name));
}

void Anonymiser::know_peer(std::string_view name) {
    // The agent calls peers without a name by their keys.
    if (name.find(kEllipsis) == std::string_view::npos) {
        know(name, Kind::peer, pseudonyms_.peer(name));
    }
}

void Anonymiser::know_key(std::string_view key) {
    if (const auto parsed = crypto::PublicKey::parse_base64(key)) {
        const crypto::PublicKey made = pseudonyms_.public_key(*parsed);
        know(parsed->to_base64(), Kind::key, made.to_base64());
        know(parsed->to_short(), Kind::key, made.to_short());
    }
}

std::string Anonymiser::text(std::string_view text) {
    std::string made;
    for (std::size_t at = 0; at < text.size();) {
        const char before = at > 0 ? text[at - 1] : '\0';
        Finding found;
        if (!is_of_word(before)) {
            found = find(text, at);
        } else if (!is_digit(before) && !is_letter(before)) {
            found = find_address(text, at);
        }
        if (found) {
            made += found->pseudonym;
            at += found->size;
        } else {
            made += text[at++];
        }
    }
    return made;
}

Anonymiser::Finding Anonymiser::find(std::string_view text, std::size_t at) {
    Finding found = find_known(text, at, /*whole=*/true);
    for (const auto next :
         {&Anonymiser::find_address, &Anonymiser::find_short_key, &Anonymiser::find_dns_name}) {
        if (!found) {
            found = (this->*next)(text, at);
        }
    }
    return found ? found : find_known(text, at, /*whole=*/false);
}

Anonymiser::Finding Anonymiser::find_address(std::string_view text, std::size_t at) {
    const Finding mac = find_mac(text, at);
    return mac ? mac : find_ip(text, at);
}

Anonymiser::Finding Anonymiser::find_known(std::string_view text, std::size_t at, bool whole) {
    for (const std::size_t size : sizes_) {
        if (at + size > text.size()) {
            continue;
        }
        const auto known = known_.find(text.substr(at, size));
        const char next = at_or_end(text, at + size);
        const bool goes_on = is_of_word(next) && is_of_word(text[at + size - 1]);
        const bool is_part = next == '.' && is_of_word(at_or_end(text, at + size + 1));
        if (known != known_.end() && !goes_on && !(whole && is_part)) {
            const Known& one = known->second;
            return Found{size, note(one.kind, one.name, one.pseudonym)};
        }
    }
    return std::nullopt;
}

Anonymiser::Finding Anonymiser::find_mac(std::string_view text, std::size_t at) {
    const auto mac = MacAddress::parse(text.substr(at, kMacSize));
    const char next = at_or_end(text, at + kMacSize);
    const bool goes_on =
        is_hex(next) || (next == ':' && is_hex(at_or_end(text, at + kMacSize + 1)));
    if (!mac || goes_on) {
        return std::nullopt;
    }
    const MacAddress made = pseudonyms_.mac(*mac);
    return Found{
        kMacSize,
        made == *mac ? mac->to_string() : note(Kind::mac, mac->to_string(), made.to_string())};
}

Anonymiser::Finding Anonymiser::find_ip(std::string_view text, std::size_t at) {
    std::string_view ipv4 = run_at(text, at, [](char c) { return is_digit(c) || c == '.'; });
    std::string_view ipv6 = run_at(text, at, [](char c) { return is_hex(c) || c == ':'; });
    std::optional<IpAddress> address;
    std::string_view run = ipv6;
    if (std::ranges::count(ipv6, ':') >= 2) {
        address = address_in(run);
    } else if (const bool behind_number = at > 1 && text[at - 1] == '.' && is_digit(text[at - 2]);
               !ipv4.empty() && !behind_number) {
        run = ipv4;
        address = address_in(run);
    }
    const char next = at_or_end(text, at + run.size());
    const bool ends_in_ipv4 =
        run == ipv6 && next == '.' && is_digit(at_or_end(text, at + run.size() + 1));
    if (!address || is_digit(next) || is_letter(next) || next == '_' || ends_in_ipv4) {
        return std::nullopt;
    }
    IpAddress made = pseudonyms_.address(*address);
    const std::uint8_t bits = prefix_bits(text, at + run.size(), *address);
    if (Prefix::covering(*address, bits).address == *address) {
        made = Prefix::covering(made, bits).address;
    }
    const Kind kind = address->is_ipv4() ? Kind::ipv4 : Kind::ipv6;
    return Found{
        run.size(),
        made == *address ? std::string{run} : note(kind, address->to_string(), made.to_string())};
}

// Of a peer that is gone.
Anonymiser::Finding Anonymiser::find_short_key(std::string_view text, std::size_t at) {
    constexpr std::size_t kShown = 4;
    constexpr std::size_t kSize = 2 * kShown + kEllipsis.size();
    const std::string_view token = text.substr(at, kSize);
    if (token.size() < kSize || token.substr(kShown, kEllipsis.size()) != kEllipsis ||
        !std::ranges::all_of(token.substr(0, kShown), is_base64) ||
        !std::ranges::all_of(token.substr(kShown + kEllipsis.size()), is_base64)) {
        return std::nullopt;
    }
    crypto::PublicKey key;
    std::ranges::transform(
        token, key.bytes.begin(), [](char c) { return static_cast<std::byte>(c); });
    return Found{kSize, note(Kind::key, token, pseudonyms_.public_key(key).to_short())};
}

Anonymiser::Finding Anonymiser::find_dns_name(std::string_view text, std::size_t at) {
    const std::string_view run = run_at(
        text, at, [](char c) { return is_digit(c) || is_letter(c) || c == '.' || c == '-'; });
    const std::string_view name = without_end(run, ".-");
    const bool is_event = text.substr(0, at).ends_with("event=");
    if (is_event || at_or_end(text, at + run.size()) == '_' || !looks_like_dns_name(name)) {
        return std::nullopt;
    }
    std::string made = pseudonyms_.host(name);
    return Found{name.size(), note(Kind::host, name, std::move(made))};
}

std::string Anonymiser::note(Kind kind, std::string_view value, std::string pseudonym) {
    const auto index = static_cast<std::size_t>(kind);
    values_.at(index).emplace(value);
    ++places_.at(index);
    return pseudonym;
}

Anonymiser::Count Anonymiser::count(Kind kind) const {
    const auto index = static_cast<std::size_t>(kind);
    return {values_.at(index).size(), places_.at(index)};
}

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#include "policy/notation.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include <netinet/in.h>

#include <fmt/format.h>

#include "policy/problem.hpp"

namespace tollgate::policy {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_lower_alnum(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z');
}

// A decimal number without sign or leading zeroes.
std::optional<std::uint32_t> decimal(std::string_view text) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool padded = text.size() > 1 && text.front() == '0';
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole && !padded ? std::optional(value) : std::nullopt;
}

bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
           std::all_of(label.begin(), label.end(), [](char c) {
               return is_lower_alnum(c) || c == '-' || c == '_';
           });
}

// RFC 1035 labels, at most 253 characters; the last label is not a number, for then it would be a
// mistyped address.
bool is_host_name(std::string_view name) {
    if (name.empty() || name.size() > 253) {
        return false;
    }
    std::string_view rest = name;
    while (true) {
        const std::size_t dot = rest.find('.');
        const std::string_view label = rest.substr(0, dot);
        if (!is_label(label)) {
            return false;
        }
        if (dot == std::string_view::npos) {
            return !std::all_of(label.begin(), label.end(), is_digit);
        }
        rest.remove_prefix(dot + 1);
    }
}

// The prefix that the text probably means: its host bits cleared.
std::string without_host_bits(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = IpAddress::parse(text.substr(0, slash));
    if (!address || slash == std::string_view::npos) {
        return "";
    }
    const std::uint32_t family_bits = address->is_ipv4() ? 32 : 128;
    const auto length = decimal(text.substr(slash + 1));
    if (!length || *length > family_bits) {
        return "";
    }
    Prefix prefix{*address, 128};
    for (std::uint32_t bit = 128 - family_bits + *length; bit < 128; ++bit) {
        auto& byte = prefix.address.bytes[bit / 8];
        byte = static_cast<std::uint8_t>(byte & ~(0x80U >> (bit % 8)));
    }
    return fmt::format("{}/{}", prefix.address.to_string(), *length);
}

}  // namespace

Result<Prefix> parse_prefix(std::string_view text) {
    if (const auto prefix = Prefix::parse(text)) {
        return *prefix;
    }
    if (const std::string network = without_host_bits(text); !network.empty()) {
        return failure(fmt::format(
            "{} has bits set behind its length; did you mean '{}'?", in_quotes(text), network));
    }
    if (text.starts_with("::ffff:")) {
        return failure(in_quotes(text) + " is an IPv4-mapped address; write it as IPv4");
    }
    return failure(in_quotes(text) +
                   " is not an address or prefix; write '192.0.2.1', '192.0.2.0/24' or "
                   "'2001:db8::/32'");
}

Result<NamePattern> parse_name(std::string_view text) {
    NamePattern pattern;
    pattern.wildcard = text.starts_with("*.");
    pattern.name = text.substr(pattern.wildcard ? 2 : 0);
    for (char& c : pattern.name) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    if (is_host_name(pattern.name)) {
        return pattern;
    }
    if (pattern.name.find('*') != std::string::npos) {
        return failure(in_quotes(text) + " has a wildcard elsewhere than in front; write '*.NAME'");
    }
    if (is_host_name(std::string_view(pattern.name).substr(0, pattern.name.size() - 1))) {
        return failure(in_quotes(text) + " ends with a dot; leave it out");
    }
    return failure(
        in_quotes(text) +
        " is not a DNS name; write letters, digits and hyphens, other scripts as 'xn--…'");
}

Result<Rate> parse_rate(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::string_view unit = slash == std::string_view::npos ? "" : text.substr(slash + 1);
    const auto count = decimal(text.substr(0, slash));
    if (!count || *count == 0 || *count > kRateMax || (unit != "s" && unit != "m")) {
        return failure(fmt::format(
            "{} is not a rate; write '1000/s' or '10/m', at most {}", in_quotes(text), kRateMax));
    }
    return Rate{*count, std::chrono::seconds(unit == "s" ? 1 : 60)};
}

std::string to_text(const Rate& rate) {
    return fmt::format("{}/{}", rate.count, rate.per == std::chrono::seconds(1) ? "s" : "m");
}

Result<WallTime> parse_time(std::string_view text) {
    constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:ddZ";
    const bool formed = text.size() == kForm.size() &&
                        std::equal(text.begin(), text.end(), kForm.begin(), [](char c, char form) {
                            return form == 'd' ? is_digit(c) : c == form;
                        });
    const auto number = [&](std::size_t at, std::size_t digits) {
        int value = 0;
        std::from_chars(text.data() + at, text.data() + at + digits, value);
        return value;
    };
    if (formed) {
        using namespace std::chrono;
        const year_month_day date{year(number(0, 4)),
                                  month(static_cast<unsigned>(number(5, 2))),
                                  day(static_cast<unsigned>(number(8, 2)))};
        const int h = number(11, 2);
        const int m = number(14, 2);
        const int s = number(17, 2);
        if (date.ok() && date.year() >= year(1970) && h < 24 && m < 60 && s < 60) {
            return WallTime(sys_days(date)) + hours(h) + minutes(m) + seconds(s);
        }
    }
    return failure(in_quotes(text) + " is not a time in UTC; write '2026-12-31T00:00:00Z'");
}

std::string to_text(WallTime time) {
    using namespace std::chrono;
    const auto midnight = floor<days>(time);
    const year_month_day date(midnight);
    const hh_mm_ss clock(time - midnight);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
                       static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()),
                       clock.hours().count(),
                       clock.minutes().count(),
                       clock.seconds().count());
}

bool is_identifier(std::string_view text) {
    constexpr std::array<std::string_view, 9> kReserved{
        "true", "false", "yes", "no", "on", "off", "y", "n", "null"};
    return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
           std::all_of(
               text.begin(), text.end(), [](char c) { return is_lower_alnum(c) || c == '-'; }) &&
           std::find(kReserved.begin(), kReserved.end(), text) == kReserved.end();
}

bool is_typed_scalar(std::string_view text) {
    constexpr std::array<std::string_view, 11> kWords{
        "", "~", "null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE"};
    if (std::find(kWords.begin(), kWords.end(), text) != kWords.end()) {
        return true;
    }
    if (text.starts_with("0x") || text.starts_with("0o")) {
        const std::string_view digits = text[1] == 'x' ? "0123456789abcdefABCDEF" : "01234567";
        return text.size() > 2 && text.find_first_not_of(digits, 2) == std::string_view::npos;
    }
    const std::string_view number = text.substr(text.front() == '-' || text.front() == '+' ? 1 : 0);
    if (number == ".inf" || number == ".Inf" || number == ".INF" || text == ".nan" ||
        text == ".NaN" || text == ".NAN") {
        return true;
    }
    double value = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    const bool numeric = !number.empty() && (is_digit(number.front()) || number.front() == '.');
    return numeric && error != std::errc::invalid_argument && end == number.data() + number.size();
}

std::string_view to_text(Direction direction) {
    return direction == Direction::ingress ? "ingress" : "egress";
}

std::string_view to_text(Action action) {
    return action == Action::pass ? "pass" : "drop";
}

std::string_view to_text(Stage stage) {
    constexpr std::array<std::string_view, TG_STAGES> kWords{"enforce", "audit", "learn", "open"};
    return kWords.at(static_cast<std::size_t>(stage));
}

std::string_view to_text(Rank rank) {
    constexpr std::array<std::string_view, 3> kWords{"failsafe", "deny", "allow"};
    return kWords.at(static_cast<std::size_t>(rank));
}

std::string_view to_text(Via via) {
    constexpr std::array<std::string_view, 3> kWords{"any", "clear", "tunnel"};
    return kWords.at(static_cast<std::size_t>(via));
}

std::vector<std::string> to_texts(const Selector& selector) {
    std::vector<std::string> texts;
    const auto add = [&](const auto& members) {
        for (const auto& member : members) {
            texts.push_back(member.to_string());
        }
    };
    add(selector.prefixes);
    add(selector.macs);
    add(selector.names);
    for (const std::string& peer : selector.peers) {
        texts.push_back("peer " + peer);
    }
    return texts;
}

std::span<const BaselinePart> baseline_parts() {
    static constexpr std::array<BaselinePart, 7> kParts{{
        {"arp", TG_BASELINE_ARP, "ARP for IPv4 over Ethernet"},
        {"neighbourDiscovery",
         TG_BASELINE_NEIGHBOUR,
         "IPv6 neighbour solicitations and advertisements, router solicitations out"},
        {"routerAdvertisements",
         TG_BASELINE_ROUTER_ADVERT,
         "IPv6 router advertisements in, from link-local addresses"},
        {"dhcpClient", TG_BASELINE_DHCP, "DHCPv4 and DHCPv6 as a client"},
        {"multicastMembership", TG_BASELINE_MULTICAST, "IGMP and MLD: queries in, reports out"},
        {"eapol", TG_BASELINE_EAPOL, "802.1X authentication"},
        {"lldp", TG_BASELINE_LLDP, "link-layer discovery (LLDP)"},
    }};
    return kParts;
}

}  // namespace tollgate::policy

// SPDX-License-Identifier: MIT
// Services: ports, ICMP types and protocols.
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include <netinet/in.h>

#include <fmt/format.h>

#include "policy/notation.hpp"
#include "policy/problem.hpp"

namespace tollgate::policy {
namespace {

struct Named {
    std::string_view name;
    std::uint8_t number;
};

constexpr std::array<Named, 10> kProtocols{{{"icmp", IPPROTO_ICMP},
                                            {"icmpv6", IPPROTO_ICMPV6},
                                            {"igmp", IPPROTO_IGMP},
                                            {"esp", IPPROTO_ESP},
                                            {"ah", IPPROTO_AH},
                                            {"gre", IPPROTO_GRE},
                                            {"sctp", IPPROTO_SCTP},
                                            {"udplite", IPPROTO_UDPLITE},
                                            {"ipip", IPPROTO_IPIP},
                                            {"6in4", IPPROTO_IPV6}}};

constexpr std::array<Named, 12> kIcmpTypes{{{"echo-reply", 0},
                                            {"destination-unreachable", 3},
                                            {"redirect", 5},
                                            {"echo-request", 8},
                                            {"router-advertisement", 9},
                                            {"router-solicitation", 10},
                                            {"time-exceeded", 11},
                                            {"parameter-problem", 12},
                                            {"timestamp-request", 13},
                                            {"timestamp-reply", 14},
                                            {"address-mask-request", 17},
                                            {"address-mask-reply", 18}}};

constexpr std::array<Named, 14> kIcmpv6Types{{{"destination-unreachable", 1},
                                              {"packet-too-big", 2},
                                              {"time-exceeded", 3},
                                              {"parameter-problem", 4},
                                              {"echo-request", 128},
                                              {"echo-reply", 129},
                                              {"listener-query", 130},
                                              {"listener-report", 131},
                                              {"listener-done", 132},
                                              {"router-solicitation", 133},
                                              {"router-advertisement", 134},
                                              {"neighbour-solicitation", 135},
                                              {"neighbour-advertisement", 136},
                                              {"redirect", 137}}};

bool has_types(std::uint8_t protocol) {
    return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

std::span<const Named> types_of(std::uint8_t protocol) {
    return protocol == IPPROTO_ICMP ? std::span<const Named>(kIcmpTypes)
                                    : std::span<const Named>(kIcmpv6Types);
}

std::optional<std::uint8_t> number_of(std::span<const Named> table, std::string_view name) {
    const auto* const found = std::find_if(table.data(),
                                           table.data() + table.size(),
                                           [&](const Named& entry) { return entry.name == name; });
    return found == table.data() + table.size() ? std::nullopt : std::optional(found->number);
}

std::string_view name_of(std::span<const Named> table, unsigned number) {
    for (const Named& entry : table) {
        if (entry.number == number) {
            return entry.name;
        }
    }
    return "";
}

std::vector<std::string_view> names_of(std::span<const Named> table) {
    std::vector<std::string_view> names;
    for (const Named& entry : table) {
        names.push_back(entry.name);
    }
    return names;
}

// "N" or "N-M" of decimal numbers without leading zeroes, N ≤ M, both in min..max.
std::optional<std::pair<std::uint16_t, std::uint16_t>> range(std::string_view text,
                                                             unsigned min,
                                                             unsigned max) {
    const auto number = [&](std::string_view digits) -> std::optional<std::uint16_t> {
        unsigned value = 0;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), value);
        const bool whole = error == std::errc{} && end == digits.data() + digits.size();
        const bool padded = digits.size() > 1 && digits.front() == '0';
        return whole && !padded && value >= min && value <= max
                   ? std::optional(static_cast<std::uint16_t>(value))
                   : std::nullopt;
    };
    const std::size_t dash = text.find('-');
    const auto first = number(text.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : number(text.substr(dash + 1));
    return first && last && *first <= *last ? std::optional(std::pair(*first, *last))
                                            : std::nullopt;
}

std::string range_text(const Service& service) {
    return service.first == service.last ? fmt::format("{}", service.first)
                                         : fmt::format("{}-{}", service.first, service.last);
}

Result<Service> parse_type(std::uint8_t protocol, std::string_view text, std::string_view type) {
    if (const auto number = number_of(types_of(protocol), type)) {
        return Service{protocol, *number, *number};
    }
    if (const auto numbers = range(type, 0, 255)) {
        return Service{protocol, numbers->first, numbers->second};
    }
    const std::string hint = did_you_mean(type, names_of(types_of(protocol)));
    return failure(fmt::format(
        "{} is not an ICMP type; {}",
        in_quotes(text),
        hint.empty() ? "write a number from 0 to 255 or a name like 'echo-request'" : hint));
}

}  // namespace

Result<Service> parse_port(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::string_view protocol = text.substr(0, slash);
    const std::string_view port = slash == std::string_view::npos ? "" : text.substr(slash + 1);
    if (number_of(kProtocols, protocol)) {
        return failure(in_quotes(text) + " has no ports; put it under 'protocols' instead");
    }
    const auto ports = range(port, 1, 65535);
    if (!ports || (protocol != "tcp" && protocol != "udp")) {
        return failure(in_quotes(text) +
                       " is not a port; write 'tcp/443' or 'udp/6970-6999', from 1 to 65535");
    }
    const std::uint8_t number = protocol == "tcp" ? IPPROTO_TCP : IPPROTO_UDP;
    return Service{number, ports->first, ports->second};
}

Result<Service> parse_protocol(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::string_view protocol = text.substr(0, slash);
    if (protocol == "tcp" || protocol == "udp") {
        return failure(in_quotes(text) + " has ports; write 'ports: [tcp/443]' instead");
    }
    const auto number = number_of(kProtocols, protocol);
    if (!number) {
        const auto names = names_of(kProtocols);
        const std::string hint = did_you_mean(protocol, names);
        return failure(fmt::format(
            "{} is not a protocol; {}",
            in_quotes(text),
            hint.empty() ? fmt::format("write one of {}", fmt::join(names, ", ")) : hint));
    }
    if (slash == std::string_view::npos) {
        return Service{*number, 0, static_cast<std::uint16_t>(has_types(*number) ? 255 : 0)};
    }
    if (!has_types(*number)) {
        return failure(
            fmt::format("{} has nothing to choose from; write '{}'", in_quotes(text), protocol));
    }
    return parse_type(*number, text, text.substr(slash + 1));
}

Result<Service> parse_service(std::string_view text) {
    const bool has_ports = text.starts_with("tcp/") || text.starts_with("udp/");
    return has_ports ? parse_port(text) : parse_protocol(text);
}

bool has_ports(const Service& service) {
    return service.protocol == IPPROTO_TCP || service.protocol == IPPROTO_UDP;
}

std::string to_text(const Service& service) {
    if (has_ports(service)) {
        return (service.protocol == IPPROTO_TCP ? "tcp/" : "udp/") + range_text(service);
    }
    const std::string_view protocol = name_of(kProtocols, service.protocol);
    if (protocol.empty()) {
        return fmt::format("protocol {}", service.protocol);
    }
    if (!has_types(service.protocol) || (service.first == 0 && service.last == 255)) {
        return std::string(protocol);
    }
    const std::string_view type =
        service.first == service.last ? name_of(types_of(service.protocol), service.first) : "";
    return fmt::format("{}/{}", protocol, type.empty() ? range_text(service) : std::string(type));
}

std::string to_text(std::span<const Service> services) {
    std::vector<std::string> texts;
    for (const Service& service : services) {
        texts.push_back(to_text(service));
    }
    return texts.empty() ? "any" : fmt::format("{}", fmt::join(texts, ", "));
}

std::string protocol_text(std::uint8_t protocol) {
    if (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP) {
        return protocol == IPPROTO_TCP ? "tcp" : "udp";
    }
    const std::string text = to_text(Service{protocol, 0, 0xffff});
    return text.substr(0, text.find('/'));
}

std::string tcp_flags_text(std::uint8_t flags) {
    static constexpr std::array<std::string_view, 6> kNames{
        "FIN", "SYN", "RST", "PSH", "ACK", "URG"};
    std::string text;
    for (std::size_t bit = 0; bit < kNames.size(); ++bit) {
        if ((flags >> bit & 1U) != 0) {
            text += text.empty() ? "" : ",";
            text += kNames.at(bit);
        }
    }
    return text;
}

}  // namespace tollgate::policy

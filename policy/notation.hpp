// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tollgate/result.hpp>

#include "policy/model.hpp"

/// How single values are written in policy files, on the command line and in reports: from text and
/// back. Errors are one phrase for people, with the text in quotes and what to write instead.
namespace tollgate::policy {

/// "tcp/443", "udp/6970-6999".
Result<Service> parse_port(std::string_view text);

/// "icmp", "icmp/echo-request", "icmpv6/128", "icmp/13-14", "igmp", "esp", "gre", …; not "any".
Result<Service> parse_protocol(std::string_view text);

/// Either of the two above: what to_text() writes for one service.
Result<Service> parse_service(std::string_view text);

/// TCP and UDP.
[[nodiscard]] bool has_ports(const Service& service);

/// "tcp/443", "icmp/echo-request", "gre"; a protocol without a name is its number.
[[nodiscard]] std::string to_text(const Service& service);

/// Services joined by ", "; "any" for none.
[[nodiscard]] std::string to_text(std::span<const Service> services);

/// "tcp", "udp", "icmp", "gre", …; of one without a name its number.
[[nodiscard]] std::string protocol_text(std::uint8_t protocol);

/// "SYN,ACK": in the order of the header's bits from the least.
[[nodiscard]] std::string tcp_flags_text(std::uint8_t flags);

/// "192.0.2.1", "192.0.2.0/24", "2001:db8::/32".
Result<Prefix> parse_prefix(std::string_view text);

/// "ota.example.com", "*.example.com", in any case.
Result<NamePattern> parse_name(std::string_view text);

/// Units of a rate, at most: below it the interval of a token bucket is at least a nanosecond.
inline constexpr std::uint32_t kRateMax = 100000000;

/// "1000/s", "10/m".
Result<Rate> parse_rate(std::string_view text);
[[nodiscard]] std::string to_text(const Rate& rate);

/// "2026-12-31T00:00:00Z" (RFC 3339, in UTC, whole seconds), years 1970 to 9999.
Result<WallTime> parse_time(std::string_view text);
[[nodiscard]] std::string to_text(WallTime time);

/// Of rules, groups and policies: [a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?, but no word that YAML readers
/// take for a truth value or null ("yes", "on", "null", …).
[[nodiscard]] bool is_identifier(std::string_view text);

/// True of what a YAML reader that follows the core schema does not take for text: "80", "0x1f",
/// "1e5", "true", "null", "~".
[[nodiscard]] bool is_typed_scalar(std::string_view text);

[[nodiscard]] std::string_view to_text(Direction direction);  ///< "ingress", "egress"
[[nodiscard]] std::string_view to_text(Action action);        ///< "drop", "pass"
[[nodiscard]] std::string_view to_text(Stage stage);          ///< "enforce", "audit", …
[[nodiscard]] std::string_view to_text(Rank rank);            ///< "failsafe", "deny", "allow"
[[nodiscard]] std::string_view to_text(Via via);              ///< "any", "clear", "tunnel"

/// Each member by itself; a peer is "peer NAME".
[[nodiscard]] std::vector<std::string> to_texts(const Selector& selector);

/// One part of the baseline: its key in the policy file and its bit (enum tg_baseline).
struct BaselinePart {
    std::string_view key;
    std::uint32_t bit;
    std::string_view meaning;
};
[[nodiscard]] std::span<const BaselinePart> baseline_parts();

}  // namespace tollgate::policy

// SPDX-License-Identifier: MIT
#include "agent/tunnel/endpoint.hpp"

#include <charconv>

#include <fmt/format.h>

#include "agent/system/interface.hpp"

namespace tollgate::agent {

namespace {

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
    Number number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    const bool is_canonical = text.size() == 1 || !text.starts_with('0');
    return error == std::errc{} && rest == end && is_canonical ? std::optional{number}
                                                               : std::nullopt;
}

std::optional<std::uint32_t> parse_scope(std::string_view text) {
    if (const auto index = parse_number<std::uint32_t>(text)) {
        return index;
    }
    return is_interface_name(text) ? interface_index(std::string{text}).value_or(0) : 0;
}

std::optional<Endpoint> parse_bracketed(std::string_view text) {
    Endpoint endpoint;
    const std::size_t zone = text.find('%');
    const auto address = IpAddress::parse(text.substr(0, zone));
    if (!address || address->is_ipv4()) {
        return std::nullopt;
    }
    endpoint.address = *address;
    if (zone != std::string_view::npos) {
        endpoint.scope = parse_scope(text.substr(zone + 1)).value_or(0);
    }
    const bool has_scope = endpoint.scope != 0;
    const bool has_zone = zone != std::string_view::npos;
    const bool fits = address->is_link_local() == has_scope && has_zone == has_scope;
    return fits ? std::optional{endpoint} : std::nullopt;
}

std::optional<Endpoint> parse_plain(std::string_view text) {
    Endpoint endpoint;
    const auto address = IpAddress::parse(text);
    if (!address || !address->is_ipv4()) {
        return std::nullopt;
    }
    endpoint.address = *address;
    return endpoint;
}

}  // namespace

std::string Endpoint::to_string() const {
    if (address.is_ipv4()) {
        return fmt::format("{}:{}", address.to_string(), port);
    }
    const std::string zone = scope == 0 ? "" : fmt::format("%{}", scope);
    return fmt::format("[{}{}]:{}", address.to_string(), zone, port);
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
    std::string_view host = text.substr(0, colon);
    const bool is_bracketed = host.starts_with('[') && host.ends_with(']');
    auto endpoint =
        is_bracketed ? parse_bracketed(host.substr(1, host.size() - 2)) : parse_plain(host);
    if (!endpoint || port.value_or(0) == 0) {
        return std::nullopt;
    }
    endpoint->port = *port;
    return endpoint;
}

}  // namespace tollgate::agent

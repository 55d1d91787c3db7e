// SPDX-License-Identifier: MIT
#include "agent/tunnel/host_port.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "agent/system/interface.hpp"
#include "agent/tunnel/tunnel_config.hpp"

namespace tollgate::agent {
namespace {

constexpr std::size_t kLongestName = 253;  // RFC 1035, as text

bool is_host_name(std::string_view text) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.' || c == '_';
    };
    const auto is_numeric = [](char c) {
        return (c >= '0' && c <= '9') || c == '.';
    };
    return !text.empty() && text.size() <= kLongestName && text.front() != '.' &&
           text.front() != '-' && text.find("..") == std::string_view::npos &&
           std::all_of(text.begin(), text.end(), allowed) &&
           !std::all_of(text.begin(), text.end(), is_numeric);
}

bool is_ipv6_host(std::string_view text) {
    const std::size_t percent = text.find('%');
    const auto address = IpAddress::parse(text.substr(0, percent));
    return address && !address->is_ipv4() &&
           (percent == std::string_view::npos || is_interface_name(text.substr(percent + 1)));
}

}  // namespace

std::optional<HostPort> HostPort::parse(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    const auto port = parse_number(text.substr(colon + 1), UINT16_MAX);
    std::string_view host = text.substr(0, colon);
    const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) {
        host = host.substr(1, host.size() - 2);
    }
    const auto ipv4 = IpAddress::parse(host);
    const bool is_host =
        bracketed ? is_ipv6_host(host) : (ipv4 && ipv4->is_ipv4()) || is_host_name(host);
    if (!is_host || !port || *port == 0) {
        return std::nullopt;
    }
    return HostPort{std::string(host), static_cast<std::uint16_t>(*port)};
}

std::string HostPort::to_string() const {
    const bool is_ipv6 = host.find(':') != std::string::npos;
    return is_ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace tollgate::agent

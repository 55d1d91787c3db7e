// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "policy/model.hpp"
#include "tests/support/frame.hpp"

/// Two hosts, one protected, and the rules between them.
namespace tollgate::test {

using policy::Direction;

/// What one remote and the protected host say to each other: frames in both directions.
struct Talk {
    IpAddress remote = ip("192.0.2.1");
    IpAddress local = ip("198.51.100.7");
    std::uint16_t remote_port = 443;
    std::uint16_t local_port = 40000;
    MacAddress remote_mac{{0x02, 0, 0, 0, 0, 1}};
    MacAddress local_mac{{0x02, 0, 0, 0, 0, 2}};

    [[nodiscard]] IpFields fields(Direction direction, std::uint8_t protocol) const {
        IpFields fields;
        fields.source = direction == Direction::ingress ? remote : local;
        fields.destination = direction == Direction::ingress ? local : remote;
        fields.protocol = protocol;
        return fields;
    }
    [[nodiscard]] EthernetFields link(Direction direction) const {
        const bool in = direction == Direction::ingress;
        return {in ? remote_mac : local_mac, in ? local_mac : remote_mac, {}};
    }
    [[nodiscard]] Ports ports(Direction direction) const {
        return direction == Direction::ingress ? Ports{remote_port, local_port}
                                               : Ports{local_port, remote_port};
    }
    [[nodiscard]] Bytes frame(Direction direction,
                              std::uint8_t protocol,
                              const Bytes& transport) const {
        return ip_frame(fields(direction, protocol), transport, link(direction));
    }
    [[nodiscard]] Bytes tcp(Direction direction, const TcpFields& segment) const {
        return frame(direction, IPPROTO_TCP, test::tcp(ports(direction), segment));
    }
    [[nodiscard]] Bytes udp(Direction direction, const Bytes& payload = {}) const {
        return frame(direction, IPPROTO_UDP, test::udp(ports(direction), payload));
    }
    [[nodiscard]] Bytes icmp(Direction direction, const Bytes& message) const {
        const std::uint8_t protocol =
            remote.is_ipv4() ? std::uint8_t{IPPROTO_ICMP} : std::uint8_t{IPPROTO_ICMPV6};
        return frame(direction, protocol, message);
    }
};

/// The same with IPv6 addresses (RFC 3849).
inline Talk talk6() {
    Talk talk;
    talk.remote = ip("2001:db8::1");
    talk.local = ip("2001:db8:7::7");
    return talk;
}

inline policy::Service service(std::uint8_t protocol, std::uint16_t first, std::uint16_t last) {
    return {protocol, first, last};
}

inline policy::Service service(std::uint8_t protocol, std::uint16_t port = 0) {
    return {protocol, port, port};
}

/// A rule for any remote. Name, rank and direction first, then the services.
inline policy::Rule rule(std::string name,
                         policy::Rank rank,
                         Direction direction,
                         std::vector<policy::Service> services = {}) {
    policy::Rule rule;
    rule.name = std::move(name);
    rule.rank = rank;
    rule.direction = direction;
    rule.services = std::move(services);
    return rule;
}

inline policy::Rule allow(std::string name,
                          Direction direction,
                          std::vector<policy::Service> services = {}) {
    return rule(std::move(name), policy::Rank::allow, direction, std::move(services));
}

/// Narrows a rule to a prefix, an address or a MAC address. @pre the text is one
inline policy::Rule towards(policy::Rule rule, std::string_view remote) {
    rule.remote.emplace_back(remote);
    if (const auto prefix = Prefix::parse(remote)) {
        rule.selector.prefixes.push_back(*prefix);
    } else {
        rule.selector.macs.push_back(MacAddress::parse(remote).value());
    }
    return rule;
}

/// Narrows a rule to a DNS name. @pre it is in lower case
inline policy::Rule named(policy::Rule rule, std::string name, bool wildcard = false) {
    policy::NamePattern pattern{std::move(name), wildcard};
    rule.remote.push_back(pattern.to_string());
    rule.selector.names.push_back(std::move(pattern));
    return rule;
}

inline policy::Policy policy_of(std::vector<policy::Rule> rules) {
    policy::Policy policy;
    policy.name = "test";
    policy.rules = std::move(rules);
    return policy;
}

}  // namespace tollgate::test

// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/support/talk.hpp"

/// The three policies that every recorded frame is judged under.
namespace tollgate::test {

/// Nothing is allowed, not even the baseline.
inline policy::Policy deny_all() {
    policy::Policy policy = policy_of({});
    policy.baseline = 0;
    return policy;
}

/// What a camera needs: its cloud, time, names, a viewer in the house.
inline policy::Policy camera() {
    using policy::Direction;
    using policy::Rank;
    const auto out = Direction::egress;
    const auto in = Direction::ingress;
    policy::Rule cloud = allow("cloud", out, {service(IPPROTO_TCP, 443)});
    cloud = named(std::move(cloud), "camera.example.com");
    cloud = named(std::move(cloud), "example.net", true);
    return policy_of({
        towards(rule("admin", Rank::failsafe, in, {service(IPPROTO_TCP, 22)}), "192.168.0.0/16"),
        std::move(cloud),
        allow("dns", out, {service(IPPROTO_UDP, 53)}),
        allow("ntp", out, {service(IPPROTO_UDP, 123)}),
        allow("ping", out, {service(IPPROTO_ICMP, 8), service(IPPROTO_ICMPV6, 128)}),
        towards(allow("view", in, {service(IPPROTO_TCP, 554), service(IPPROTO_TCP, 80)}),
                "10.0.0.0/8"),
        towards(allow("mdns", in, {service(IPPROTO_UDP, 5353)}), "192.168.0.0/16"),
        rule("no-telnet", Rank::deny, in, {service(IPPROTO_TCP, 23)}),
    });
}

/// Nearly everything, by every kind of rule: names, groups, MACs, ranges, limits, denials.
inline policy::Policy permissive() {
    using policy::Direction;
    using policy::Rank;
    using policy::Rate;
    const auto out = Direction::egress;
    const auto in = Direction::ingress;
    policy::Rule slow = allow("slow", in, {service(IPPROTO_UDP, 1, 1023)});
    slow.limit.packets = Rate{1, std::chrono::seconds(60)};
    policy::Rule few = allow("few", in, {service(IPPROTO_TCP, 1, 1023)});
    few.limit.new_flows = Rate{1, std::chrono::seconds(60)};
    policy::Policy policy = policy_of({
        std::move(slow),
        std::move(few),
        allow("high", in, {service(IPPROTO_TCP, 1024, 65535), service(IPPROTO_UDP, 1024, 65535)}),
        allow("ping", in, {service(IPPROTO_ICMP, 0, 255), service(IPPROTO_ICMPV6, 0, 255)}),
        allow("tunnels",
              in,
              {service(IPPROTO_GRE),
               service(IPPROTO_ESP),
               service(IPPROTO_SCTP),
               service(IPPROTO_IPIP),
               service(IPPROTO_IPV6)}),
        towards(towards(rule("net-10", Rank::deny, in, {service(IPPROTO_TCP, 80)}), "10.0.0.0/9"),
                "2001::/16"),
        towards(rule("one-mac", Rank::deny, out), "02:00:00:00:00:01"),
        named(rule("no-ads", Rank::deny, out), "ads.example.com", true),
    });
    policy.default_action[TG_EGRESS] = policy::Action::pass;
    policy.baseline = TG_BASELINE_DEFAULT | TG_BASELINE_EAPOL | TG_BASELINE_LLDP;
    return policy;
}

}  // namespace tollgate::test

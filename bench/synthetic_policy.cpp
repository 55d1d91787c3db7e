// SPDX-License-Identifier: MIT
#include "bench/synthetic_policy.hpp"

#include <set>
#include <string>

#include <netinet/in.h>

namespace tollgate::bench {
namespace {

constexpr std::size_t kOpenPortEvery = 10;
constexpr std::uint16_t kFirstPort = 1000;
constexpr std::uint16_t kPorts = 500;
constexpr std::uint8_t kMappedBits = 96;
constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15ULL;

/// The IPv4 address number `i` of a fixed sequence without pattern: 11.0.0.0 to 125.255.255.255.
IpAddress scattered(std::uint64_t i) {
    constexpr std::uint32_t kFirstOctet = 11;
    constexpr std::uint32_t kOctets = 115;
    const std::uint64_t mixed = (i + 1) * kMultiplier;
    IpAddress address;
    address.bytes[10] = 0xff;
    address.bytes[11] = 0xff;
    address.bytes[12] = static_cast<std::uint8_t>(kFirstOctet + (mixed >> 56) % kOctets);
    address.bytes[13] = static_cast<std::uint8_t>(mixed >> 48);
    address.bytes[14] = static_cast<std::uint8_t>(mixed >> 40);
    address.bytes[15] = static_cast<std::uint8_t>(mixed >> 32);
    return address;
}

Prefix prefix_of(IpAddress address, unsigned ipv4_length) {
    const unsigned length = kMappedBits + ipv4_length;
    for (unsigned bit = length; bit < 128; ++bit) {
        address.bytes.at(bit / 8) &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
    }
    return Prefix{address, static_cast<std::uint8_t>(length)};
}

policy::Rule rule_for(const std::string& name, const Prefix& remote, std::uint16_t port) {
    policy::Rule rule;
    rule.name = name;
    rule.remote = {remote.to_string()};
    rule.selector.prefixes = {remote};
    rule.services = {{IPPROTO_TCP, port, port}, {IPPROTO_UDP, port, port}};
    return rule;
}

}  // namespace

policy::Policy synthetic_policy(std::size_t rules, bool wide) {
    policy::Policy policy;
    policy.name = "synthetic";
    policy.mode = policy::Stage::enforce;
    for (std::size_t i = 0; i < rules; ++i) {
        const Prefix remote = prefix_of(scattered(i), i % 2 == 0 ? 32 : 24);
        const auto port = static_cast<std::uint16_t>(kFirstPort + i % kPorts);
        policy.rules.push_back(rule_for(
            "rule-" + std::to_string(i), remote, i % kOpenPortEvery == 0 ? kOpenPort : port));
    }
    policy.rules.push_back(rule_for("lab", *Prefix::parse("10.99.0.0/24"), kLabPort));
    if (wide) {
        const Prefix half = prefix_of(IpAddress{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}}, 1);
        policy.rules.push_back(rule_for("half-of-all", half, kClosedPort - 1));
    }
    return policy;
}

std::vector<Prefix> synthetic_blocklist(std::size_t prefixes) {
    constexpr unsigned kShortest = 20;
    constexpr unsigned kLengths = 13;
    constexpr std::uint64_t kFarFromTheRules = 1ULL << 32;
    std::set<Prefix> list;
    for (std::uint64_t i = 0; list.size() < prefixes; ++i) {
        const auto length = static_cast<unsigned>(kShortest + i % kLengths);
        list.insert(prefix_of(scattered(kFarFromTheRules + i), length));
    }
    return {list.begin(), list.end()};
}

}  // namespace tollgate::bench

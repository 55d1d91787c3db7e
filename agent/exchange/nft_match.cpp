// SPDX-License-Identifier: MIT
#include "agent/exchange/nft_match.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <netinet/in.h>

#include <fmt/format.h>

namespace tollgate::exchange {
namespace {

using policy::Service;
using Range = std::pair<unsigned, unsigned>;

std::string braces(const std::vector<std::string>& texts) {
    return texts.size() == 1 ? texts.front() : fmt::format("{{ {} }}", fmt::join(texts, ", "));
}

std::vector<Range> joined(std::vector<Range> ranges) {
    std::sort(ranges.begin(), ranges.end());
    std::vector<Range> apart;
    for (const Range& range : ranges) {
        if (!apart.empty() && range.first <= apart.back().second + 1) {
            apart.back().second = std::max(apart.back().second, range.second);
        } else {
            apart.push_back(range);
        }
    }
    return apart;
}

std::string match_ranges(const char* key, const std::vector<Range>& ranges) {
    std::vector<std::string> texts;
    for (const auto& [first, last] : joined(ranges)) {
        texts.push_back(first == last ? fmt::format("{}", first)
                                      : fmt::format("{}-{}", first, last));
    }
    return fmt::format("{} {}", key, braces(texts));
}

std::string match_protocol(std::uint8_t protocol, const std::vector<Range>& ranges) {
    switch (protocol) {
        case IPPROTO_TCP:
            return match_ranges("tcp dport", ranges);
        case IPPROTO_UDP:
            return match_ranges("udp dport", ranges);
        case IPPROTO_ICMP:
            return match_ranges("icmp type", ranges);
        case IPPROTO_ICMPV6:
            return match_ranges("icmpv6 type", ranges);
        default:
            return fmt::format("meta l4proto {}", protocol);
    }
}

}  // namespace

std::vector<std::string> match_prefixes(const std::vector<Prefix>& prefixes,
                                        const std::string& side) {
    std::vector<std::string> matches;
    for (const bool ipv4 : {true, false}) {
        std::vector<std::string> texts;
        bool all = false;
        for (std::size_t i = 0; i < prefixes.size(); ++i) {
            const Prefix& prefix = prefixes[i];
            const auto is_held_by = [&](const Prefix& other) {
                const bool earlier = &other < &prefix;
                return &other != &prefix && other.contains(prefix) && (other != prefix || earlier);
            };
            if (prefix.address.is_ipv4() == ipv4 &&
                std::none_of(prefixes.begin(), prefixes.end(), is_held_by)) {
                all = all || prefix.length == (ipv4 ? 96 : 0);
                texts.push_back(prefix.to_string());
            }
        }
        if (all) {
            matches.push_back(fmt::format("meta nfproto {}", ipv4 ? "ipv4" : "ipv6"));
        } else if (!texts.empty()) {
            matches.push_back(fmt::format("{} {} {}", ipv4 ? "ip" : "ip6", side, braces(texts)));
        }
    }
    return matches;
}

std::vector<std::string> match_services(const std::vector<Service>& services) {
    std::map<std::uint8_t, std::vector<Range>> protocols;
    for (const Service& service : services) {
        protocols[service.protocol].emplace_back(service.first, service.last);
    }
    std::vector<std::string> matches;
    for (const auto& [protocol, ranges] : protocols) {
        matches.push_back(match_protocol(protocol, ranges));
    }
    if (matches.empty()) {
        matches.emplace_back();
    }
    return matches;
}

}  // namespace tollgate::exchange

// SPDX-License-Identifier: MIT
#include "policy/port_partition.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include <netinet/in.h>

#include <fmt/format.h>

namespace tollgate::policy {
namespace {

/// Indices into `port_classes`, the end excluded.
struct Range {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
};

Range range_of(const Service& service) {
    switch (service.protocol) {
        case IPPROTO_TCP:
            return {TG_PORTS_TCP + std::uint32_t{service.first}, TG_PORTS_TCP + service.last + 1U};
        case IPPROTO_UDP:
            return {TG_PORTS_UDP + std::uint32_t{service.first}, TG_PORTS_UDP + service.last + 1U};
        case IPPROTO_ICMP:
            return {TG_PORTS_ICMP + std::uint32_t{service.first},
                    TG_PORTS_ICMP + service.last + 1U};
        case IPPROTO_ICMPV6:
            return {TG_PORTS_ICMPV6 + std::uint32_t{service.first},
                    TG_PORTS_ICMPV6 + service.last + 1U};
        default:
            return {TG_PORTS_PROTOCOL + std::uint32_t{service.protocol},
                    TG_PORTS_PROTOCOL + service.protocol + 1U};
    }
}

/// What a rule covers, sorted and without overlaps.
std::vector<Range> ranges_of(const Rule& rule) {
    if (rule.services.empty()) {
        return {{0, TG_PORTS_PER_DIRECTION}};
    }
    std::vector<Range> ranges;
    for (const Service& service : rule.services) {
        ranges.push_back(range_of(service));
    }
    std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) {
        return a.begin < b.begin;
    });
    std::vector<Range> merged{ranges.front()};
    for (const Range& range : ranges) {
        if (range.begin <= merged.back().end) {
            merged.back().end = std::max(merged.back().end, range.end);
        } else {
            merged.push_back(range);
        }
    }
    return merged;
}

/// Stands for a set of rules: the XOR of two random words per rule, so that a rule that begins or
/// ends costs two operations, not a copy of the set. Two sets meet with probability 2^-128.
using RuleSet = std::pair<std::uint64_t, std::uint64_t>;

// SplitMix64 (Steele, Lea, Flood 2014).
std::uint64_t mixed(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31U);
}

void toggle(RuleSet& set, std::size_t rule) {
    set.first ^= mixed(2 * rule + 1);
    set.second ^= mixed(2 * rule + 2);
}

/// Where rules begin or end: position and rule.
using Edges = std::vector<std::pair<std::uint32_t, std::size_t>>;

/// Numbers the sets of rules that occur.
using ClassNumbers = std::map<RuleSet, std::size_t>;

/// Walks the edges in the order of their position, and notes where the set of rules changes.
PortStretches sweep(Edges edges, ClassNumbers& numbers) {
    PortStretches stretches;
    RuleSet set;
    std::sort(edges.begin(), edges.end());
    for (std::size_t i = 0; i < edges.size(); ++i) {
        toggle(set, edges[i].second);
        const bool more = i + 1 < edges.size() && edges[i + 1].first == edges[i].first;
        if (!more) {
            const std::size_t number = numbers.emplace(set, numbers.size()).first->second;
            stretches.begins.push_back(edges[i].first);
            stretches.classes.push_back(static_cast<std::uint16_t>(number));
        }
    }
    return stretches;
}

}  // namespace

std::vector<std::size_t> PortPartition::sides_of(const Rule& rule) {
    std::vector<std::size_t> sides;
    for (const tg_link link : {TG_LINK_CLEAR, TG_LINK_TUNNEL}) {
        if (rule.is_on(link)) {
            sides.push_back(side_of(link, rule.direction));
        }
    }
    return sides;
}

Result<PortPartition> PortPartition::of(std::span<const Rule* const> rules) {
    PortPartition partition;
    std::vector<std::vector<Range>> ranges;
    std::array<Edges, std::tuple_size_v<decltype(stretches_)>> edges;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        ranges.push_back(ranges_of(*rules[i]));
        for (const std::size_t side : sides_of(*rules[i])) {
            for (const Range& range : ranges.back()) {
                edges.at(side).emplace_back(range.begin, i);
                edges.at(side).emplace_back(range.end, i);
            }
        }
    }
    ClassNumbers numbers{{RuleSet{}, 0}};
    for (std::size_t side = 0; side < edges.size(); ++side) {
        partition.stretches_.at(side) = sweep(std::move(edges.at(side)), numbers);
    }
    partition.classes_ = numbers.size();
    if (partition.classes_ > TG_PORT_CLASSES_MAX) {
        return failure(fmt::format(
            "the rules divide the ports into {} classes, {} fit; use fewer different port ranges",
            partition.classes_,
            TG_PORT_CLASSES_MAX));
    }
    for (std::size_t i = 0; i < rules.size(); ++i) {
        auto& runs = partition.runs_.emplace_back();
        for (const std::size_t side : sides_of(*rules[i])) {
            const auto& begins = partition.stretches_.at(side).begins;
            const auto at = [&](std::uint32_t position) {
                return static_cast<std::size_t>(
                    std::lower_bound(begins.begin(), begins.end(), position) - begins.begin());
            };
            for (const Range& range : ranges[i]) {
                runs.push_back({side, at(range.begin), at(range.end)});
            }
        }
    }
    return partition;
}

std::vector<std::uint16_t> PortPartition::class_of(tg_link link, Direction direction) const {
    const PortStretches& stretches = stretches_.at(side_of(link, direction));
    std::vector<std::uint16_t> classes(TG_PORTS_PER_DIRECTION);
    for (std::size_t i = 0; i + 1 < stretches.begins.size(); ++i) {
        std::fill(classes.begin() + stretches.begins[i],
                  classes.begin() + stretches.begins[i + 1],
                  stretches.classes[i]);
    }
    return classes;
}

std::vector<std::span<const std::uint16_t>> PortPartition::runs(std::size_t rule) const {
    std::vector<std::span<const std::uint16_t>> runs;
    for (const Run& run : runs_[rule]) {
        const std::span<const std::uint16_t> classes = stretches_.at(run.side).classes;
        runs.push_back(classes.subspan(run.first, run.last - run.first));
    }
    return runs;
}

}  // namespace tollgate::policy

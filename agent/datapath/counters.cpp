// SPDX-License-Identifier: MIT
#include "agent/datapath/counters.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <tollgate/abi/limits.h>

namespace tollgate::agent {

namespace {

// @param values  of one key: kWords for each CPU, one CPU after the other
template <std::size_t kWords>
std::array<std::uint64_t, kWords> sum_over_cpus(const std::uint64_t* values, std::size_t cpus) {
    std::array<std::uint64_t, kWords> sum{};
    for (std::size_t i = 0; i < kWords * cpus; ++i) {
        sum[i % kWords] += values[i];
    }
    return sum;
}

// Every counter struct is an array of 64-bit numbers.
template <typename Counters>
Result<std::vector<Counters>> read_sums(const MapHandle& map,
                                        std::uint32_t first,
                                        std::uint32_t count) {
    constexpr std::size_t kWords = sizeof(Counters) / sizeof(std::uint64_t);
    static_assert(sizeof(Counters) == kWords * sizeof(std::uint64_t));
    std::vector<std::uint64_t> words(count * map.stride() / sizeof(std::uint64_t));
    if (auto read = read_range(map, first, count, words.data()); !read) {
        return Failure{read.error()};
    }
    std::vector<Counters> sums(count);
    const std::uint64_t* values = words.data();
    for (Counters& counters : sums) {
        const auto sum = sum_over_cpus<kWords>(values, map.values_per_key);
        std::memcpy(&counters, sum.data(), sizeof counters);
        values += kWords * map.values_per_key;
    }
    return sums;
}

}  // namespace

Result<tg_interface_counters> read_interface_counters(const GateObject& maps,
                                                      std::uint8_t zone,
                                                      tg_direction direction) {
    const std::uint32_t index = zone * static_cast<std::uint32_t>(TG_DIRECTIONS) + direction;
    return read_sums<tg_interface_counters>(maps.map("interface_counters"), index, 1)
        .map([](const auto& sums) { return sums.front(); });
}

Result<tg_gate_counters> read_gate_counters(const GateObject& maps) {
    return read_sums<tg_gate_counters>(maps.map("gate_counters"), 0, 1).map([](const auto& sums) {
        return sums.front();
    });
}

Result<tg_table_counters> read_table_counters(const GateObject& maps, tg_flow_table table) {
    return read_sums<tg_table_counters>(maps.map("table_counters"), table, 1)
        .map([](const auto& sums) { return sums.front(); });
}

Result<std::vector<tg_rule_counters>> read_rule_counters(const GateObject& maps,
                                                         std::uint32_t slot,
                                                         std::uint32_t rules) {
    return read_sums<tg_rule_counters>(maps.map("rule_counters"),
                                       slot * TG_RULES_MAX,
                                       std::min<std::uint32_t>(rules, TG_RULES_MAX));
}

Result<std::vector<tg_report>> read_reports(const GateObject& maps) {
    const MapHandle& map = maps.map("reports");
    static_assert(sizeof(tg_report) % sizeof(std::uint64_t) == 0,
                  "the values of CPUs have no gaps");
    std::vector<tg_report> reports(std::size_t{TG_REPORTS_MAX} * map.values_per_key);
    return read_range(map, 0, TG_REPORTS_MAX, reports.data()).map([&] {
        return std::move(reports);
    });
}

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#include "agent/cli/watch_model.hpp"

#include <array>

#include <fmt/format.h>

#include "agent/cli/text.hpp"

namespace tollgate::cli::watch {
namespace {

using Counters = std::map<std::string, Traffic>;

Cell rate_cell(std::optional<double> value) {
    return {rate_text(value), value.value_or(-1)};
}

Cell count_cell(std::uint64_t count) {
    return {count_text(count), static_cast<double>(count)};
}

struct Rates {
    std::optional<double> received;
    std::optional<double> sent;
};

Rates rates_of(const Counters& before, const std::string& key, const Traffic& now, double seconds) {
    const auto found = before.find(key);
    if (found == before.end()) {
        return {};
    }
    return {rate(found->second.received_bytes, now.received_bytes, seconds),
            rate(found->second.sent_bytes, now.sent_bytes, seconds)};
}

template <typename Items>
Counters counters_of(const Items& items) {
    Counters counters;
    for (const auto& item : items) {
        counters[item.key()] = item.traffic;
    }
    return counters;
}

double seconds_between(const Sample* before, const Sample& now) {
    return before == nullptr ? 0 : now.at_s - before->at_s;
}

std::string remote_text(const Flow& flow) {
    if (!flow.peer.empty()) {
        return "peer " + flow.peer;
    }
    return flow.name.empty() ? flow.remote : flow.name;
}

Table flow_table(const Sample* before, const Sample& now) {
    Table table{"flows",
                {{"DIR", false, 2},
                 {"IF", false, 4},
                 {"SERVICE"},
                 {"REMOTE", false, 0, true},
                 {"RULE", false, 1, true},
                 {"IN", true},
                 {"OUT", true},
                 {"IDLE", true, 3}},
                {}};
    const Counters earlier = before == nullptr ? Counters{} : counters_of(before->flows);
    const double seconds = seconds_between(before, now);
    for (const Flow& flow : now.flows) {
        const Rates rates = rates_of(earlier, flow.key(), flow.traffic, seconds);
        const std::string rule =
            flow.would_drop.empty() ? flow.rule : "would drop: " + flow.would_drop;
        table.rows.push_back(
            {{{flow.outgoing ? "out" : "in"},
              {flow.interface},
              {flow.service},
              {remote_text(flow)},
              {rule.empty() ? "-" : rule},
              rate_cell(rates.received),
              rate_cell(rates.sent),
              {fmt::format("{}s", flow.idle_s), static_cast<double>(flow.idle_s)}},
             {"remote    " + flow.remote + (flow.name.empty() ? "" : " (" + flow.name + ")") +
                  (flow.peer.empty() ? "" : ", peer " + flow.peer),
              "local     " + flow.local + " on " + flow.interface,
              "service   " + flow.service + (flow.outgoing ? ", begun here" : ", begun there"),
              "rule      " + (rule.empty() ? "none: the stage lets it pass" : rule),
              fmt::format("bytes     {} in, {} out",
                          flow.traffic.received_bytes,
                          flow.traffic.sent_bytes)}});
    }
    return table;
}

Table drop_table(const Sample* before, const Sample& now) {
    Table table{"drops by reason",
                {{"REASON", false, 0, true},
                 {"DIR"},
                 {"IF", false, 1},
                 {"VERDICT"},
                 {"PACKETS", true},
                 {"PER SECOND", true}},
                {}};
    std::map<std::string, std::uint64_t> earlier;
    for (const Drops& drops : before == nullptr ? std::vector<Drops>{} : before->drops) {
        earlier[drops.key()] = drops.packets;
    }
    for (const Drops& drops : now.drops) {
        // A reason that was not there had the count 0.
        const auto known = before == nullptr ? std::nullopt : std::optional{earlier[drops.key()]};
        const auto per_second = rate(known, drops.packets, seconds_between(before, now));
        table.rows.push_back(
            {{{drops.reason},
              {drops.outgoing ? "out" : "in"},
              {drops.interface},
              {drops.would ? "would drop" : "DROP"},
              count_cell(drops.packets),
              {per_second ? fmt::format("{:.1f}", *per_second) : "-", per_second.value_or(-1)}},
             {"reason    " + drops.reason + " (docs/troubleshooting.md says what to do)",
              fmt::format("packets   {} {} on {}",
                          drops.packets,
                          drops.outgoing ? "out" : "in",
                          drops.interface)}});
    }
    return table;
}

Table source_table(const Sample& now) {
    Table table{"top sources of drops",
                {{"REMOTE", false, 0, true},
                 {"SERVICE", false, 1},
                 {"REASON", false, 0, true},
                 {"PACKETS", true}},
                {}};
    for (const Source& source : now.sources) {
        table.rows.push_back(
            {{{source.name.empty() ? source.remote : source.name},
              {source.service},
              {source.reason},
              count_cell(source.packets)},
             {"remote    " + source.remote + (source.name.empty() ? "" : " (" + source.name + ")"),
              "service   " + source.service,
              "reason    " + source.reason,
              "next      tollgate observe --address " + source.remote}});
    }
    return table;
}

Table peer_table(const Sample* before, const Sample& now) {
    Table table{"tunnel peers",
                {{"TUNNEL", false, 2},
                 {"PEER", false, 0, true},
                 {"ENDPOINT", false, 1},
                 {"HANDSHAKE", true},
                 {"IN", true},
                 {"OUT", true}},
                {}};
    const Counters earlier = before == nullptr ? Counters{} : counters_of(before->peers);
    const double seconds = seconds_between(before, now);
    for (const Peer& peer : now.peers) {
        const Rates rates = rates_of(earlier, peer.key(), peer.traffic, seconds);
        const std::string age =
            peer.handshake_age_s
                ? duration_text(std::chrono::seconds{*peer.handshake_age_s}) + " ago"
                : "never";
        constexpr double kNever = 1e12;
        table.rows.push_back(
            {{{peer.tunnel},
              {peer.name},
              {peer.endpoint.empty() ? "-" : peer.endpoint},
              {age, peer.handshake_age_s ? static_cast<double>(*peer.handshake_age_s) : kNever},
              rate_cell(rates.received),
              rate_cell(rates.sent)},
             {"peer      " + peer.name + " of " + peer.tunnel,
              "endpoint  " + (peer.endpoint.empty() ? "not known: it has to call" : peer.endpoint),
              "handshake " + age,
              fmt::format("bytes     {} in, {} out",
                          peer.traffic.received_bytes,
                          peer.traffic.sent_bytes)}});
    }
    return table;
}

}  // namespace

std::optional<double> rate(std::optional<std::uint64_t> before, std::uint64_t now, double seconds) {
    if (!before || now < *before || seconds <= 0) {
        return std::nullopt;
    }
    return static_cast<double>(now - *before) / seconds;
}

std::string rate_text(std::optional<double> bytes_per_second) {
    constexpr std::array kUnits{"B/s", "kB/s", "MB/s", "GB/s"};
    constexpr double kThousand = 1000;
    if (!bytes_per_second) {
        return "-";
    }
    double value = *bytes_per_second;
    std::size_t unit = 0;
    while (value >= kThousand - 0.5 && unit + 1 < kUnits.size()) {
        value /= kThousand;
        ++unit;
    }
    return fmt::format("{:.{}f} {}", value, unit == 0 ? 0 : 1, kUnits.at(unit));
}

Table table_of(Subject subject, const Sample* before, const Sample& now) {
    switch (subject) {
        case Subject::flows:
            return flow_table(before, now);
        case Subject::drops:
            return drop_table(before, now);
        case Subject::sources:
            return source_table(now);
        case Subject::peers:
            return peer_table(before, now);
    }
    return {};
}

}  // namespace tollgate::cli::watch

// SPDX-License-Identifier: MIT
#include "agent/flowlog/flow_ledger.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <string_view>

#include <tollgate/abi/flow_time.h>
#include <tollgate/abi/limits.h>

namespace tollgate::agent {

namespace {

/// The last acknowledgement comes behind both FINs.
constexpr std::uint64_t kLingerNs = 2 * TG_SECOND;
constexpr std::uint64_t kMillisecond = TG_SECOND / 1000;

std::string_view bytes_of(const tg_flow_key& key) {
    return {reinterpret_cast<const char*>(&key), sizeof key};
}

bool is_closing(const tg_flow& flow) {
    return tg_flow_is_closing(&flow) != 0;
}

bool is_idle(std::uint8_t protocol, const tg_flow& flow, std::uint64_t now_ns) {
    return flow.last_seen_ns + tg_flow_timeout(protocol, &flow) < now_ns;
}

bool is_for_good(tg_drop_reason reason) {
    return reason == TG_DROP_POLICY_DEFAULT || reason == TG_DROP_POLICY_DENY ||
           reason == TG_DROP_BLOCKLIST || reason == TG_DROP_RULE_EXPIRED;
}

// Counters only grow, but two CPUs may write at once what is read here.
std::uint64_t growth(std::uint64_t before, std::uint64_t now) {
    return now > before ? now - before : 0;
}

bool same_counters(const tg_flow& one, const tg_flow& other) {
    return std::equal(std::begin(one.packets), std::end(one.packets), std::begin(other.packets));
}

}  // namespace

std::size_t FlowLedger::KeyHash::operator()(const tg_flow_key& key) const {
    return std::hash<std::string_view>{}(bytes_of(key));
}

bool FlowLedger::KeyEqual::operator()(const tg_flow_key& one, const tg_flow_key& other) const {
    return bytes_of(one) == bytes_of(other);
}

void FlowLedger::begin_look(std::uint64_t now_ns) {
    now_ns_ = now_ns;
    ++look_;
}

void FlowLedger::take_over() {
    taking_over_ = true;
}

void FlowLedger::show(const tg_flow_key& key, const tg_flow& flow) {
    const auto [found, is_new] = entries_.try_emplace(key);
    Entry& entry = found->second;
    if (is_new) {
        begin(key, flow, entry);
    } else if (entry.flow.first_seen_ns != flow.first_seen_ns) {
        tell_gone(key, entry, flow.first_seen_ns);
        entry = Entry{};
        begin(key, flow, entry);
    }
    read(flow, entry);
    if (entry.over) {
        return;
    }
    const bool was_revoked = entry.dropped_ns != 0 && flow.last_seen_ns <= entry.dropped_ns;
    if (is_closing(flow) && flow.last_seen_ns + kLingerNs <= now_ns_) {
        tell(key, entry, FlowEnd::closed);
    } else if (is_idle(key.protocol, flow, now_ns_)) {
        tell(key, entry, FlowEnd::idle);
    } else if (was_revoked) {
        tell(key, entry, FlowEnd::revoked);
    } else if (entry.due_ns <= now_ns_) {
        tell(key, entry, FlowEnd::none);
    }
}

// Flows that were found at the same time have their lines at different times. In milliseconds: a
// hash of 32 bits does not reach across an interval in nanoseconds.
void FlowLedger::begin(const tg_flow_key& key, const tg_flow& flow, Entry& entry) {
    const std::uint64_t early_ms = KeyHash{}(key) % (interval_ns_ / kMillisecond);
    entry.due_ns = now_ns_ + interval_ns_ - early_ms * kMillisecond;
    entry.flow = flow;
    entry.rule = callbacks_.rule_name(flow);
    if (taking_over_) {
        std::copy(std::begin(flow.packets), std::end(flow.packets), entry.told_packets.begin());
        std::copy(std::begin(flow.bytes), std::end(flow.bytes), entry.told_bytes.begin());
        entry.over = is_closing(flow) || is_idle(key.protocol, flow, now_ns_);
    } else {
        ++seen_;
    }
}

void FlowLedger::read(const tg_flow& flow, Entry& entry) {
    entry.look = look_;
    if (entry.flow.rule != flow.rule || entry.flow.generation != flow.generation) {
        entry.rule = callbacks_.rule_name(flow);
    }
    entry.over = entry.over && same_counters(entry.flow, flow);  // a late packet
    entry.flow = flow;
}

void FlowLedger::tell(const tg_flow_key& key, Entry& entry, FlowEnd end) {
    entry.due_ns = std::max(entry.due_ns + interval_ns_, now_ns_);
    entry.over = end != FlowEnd::none;
    Line line{.type = entry.over ? FlowLogType::end : FlowLogType::interval,
              .end = end,
              .key = key,
              .flow = entry.flow,
              .rule = entry.rule};
    bool has_news = entry.over;
    for (std::size_t way = 0; way < TG_DIRECTIONS; ++way) {
        line.packets.at(way) = growth(entry.told_packets.at(way), entry.flow.packets[way]);
        line.bytes.at(way) = growth(entry.told_bytes.at(way), entry.flow.bytes[way]);
        entry.told_packets.at(way) = entry.flow.packets[way];
        entry.told_bytes.at(way) = entry.flow.bytes[way];
        has_news = has_news || line.packets.at(way) > 0;
    }
    if (has_news) {
        callbacks_.tell(line);
    }
}

// It may have said more after it was last read; but not if it was over then.
void FlowLedger::tell_gone(const tg_flow_key& key, Entry& entry, std::uint64_t gone_ns) {
    if (entry.over) {
        return;
    }
    if (is_closing(entry.flow)) {
        tell(key, entry, FlowEnd::closed);
    } else if (is_idle(key.protocol, entry.flow, gone_ns)) {
        tell(key, entry, FlowEnd::idle);
    } else {
        ++missed_ends_;
        tell(key, entry, FlowEnd::evicted);
    }
}

void FlowLedger::end_look(bool whole) {
    taking_over_ = false;
    for (auto entry = entries_.begin(); whole && entry != entries_.end();) {
        if (entry->second.look == look_) {
            ++entry;
            continue;
        }
        tell_gone(entry->first, entry->second, now_ns_);
        entry = entries_.erase(entry);
    }
}

void FlowLedger::note_drop(const tg_flow_key& key, std::uint64_t time_ns, tg_drop_reason reason) {
    const auto found = entries_.find(key);
    if (found != entries_.end() && is_for_good(reason)) {
        found->second.dropped_ns = time_ns;
    }
}

void FlowLedger::stop() {
    for (auto& [key, entry] : entries_) {
        if (!entry.over) {
            tell(key, entry, FlowEnd::stopped);
        }
    }
}

}  // namespace tollgate::agent

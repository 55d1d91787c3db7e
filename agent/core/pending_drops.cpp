// SPDX-License-Identifier: MIT
#include "agent/core/pending_drops.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tollgate::agent {

namespace {

bool equal(const tg_report& one, const tg_report& other) {
    return std::memcmp(&one, &other, sizeof one) == 0;
}

// What all events of one entry have in common.
tg_event kind_of(tg_event event) {
    event.time_ns = 0;
    event.packets = 0;
    return event;
}

bool same_kind(const tg_event& one, const tg_event& other) {
    const tg_event kinds[] = {kind_of(one), kind_of(other)};
    return std::memcmp(&kinds[0], &kinds[1], sizeof kinds[0]) == 0;
}

bool stands_still(const tg_report& report, std::uint64_t now_ns) {
    return report.since_ns != 0 && report.pending != 0 && report.since_ns + TG_REPORT_NS <= now_ns;
}

}  // namespace

std::vector<tg_event> PendingDrops::tell(std::vector<tg_report> held, std::uint64_t now_ns) {
    std::vector<tg_event> events;
    held_.resize(held.size());
    for (std::size_t i = 0; i < held.size(); ++i) {
        const auto told = told_.find(i);
        if (told != told_.end()) {
            told->second.gone = !equal(held[i], told->second.report);
        } else if (stands_still(held[i], now_ns) && equal(held[i], held_[i])) {
            told_[i] = {held[i]};
            events.push_back(held[i].event);
            events.back().packets = held[i].pending;
        }
    }
    held_ = std::move(held);
    return events;
}

// The entry is sent as it is to make room for another kind, or with the packet that came to it.
bool PendingDrops::same_drops(const Told& told, const tg_event& sent) {
    const std::uint64_t pending = told.report.pending;
    return (sent.packets == pending || sent.packets == pending + 1) &&
           same_kind(told.report.event, sent);
}

std::uint64_t PendingDrops::news_of(const tg_event& sent) {
    for (auto& [index, told] : told_) {
        if (!told.sent && same_drops(told, sent)) {
            told.sent = true;
            return sent.packets - told.report.pending;
        }
    }
    return sent.packets;
}

// Two CPUs may hold the same: then the one that is gone is the one that was sent.
void PendingDrops::match_again() {
    for (auto& [index, kept] : told_) {
        if (!kept.sent || kept.gone) {
            continue;
        }
        const auto other = std::ranges::find_if(told_, [&kept = kept](const auto& entry) {
            const Told& told = entry.second;
            return told.gone && !told.sent && told.report.pending == kept.report.pending &&
                   same_kind(told.report.event, kept.report.event);
        });
        if (other != told_.end()) {
            std::swap(kept.sent, other->second.sent);
        }
    }
}

std::uint64_t PendingDrops::settle() {
    match_again();
    std::uint64_t lost = 0;
    for (const auto& [index, told] : told_) {
        const bool counted = told.report.event.would_drop == 0;
        lost += told.gone && !told.sent && counted ? told.report.pending : 0;
    }
    std::erase_if(told_, [](const auto& entry) { return entry.second.gone; });
    return lost;
}

}  // namespace tollgate::agent

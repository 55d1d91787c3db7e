// SPDX-License-Identifier: MIT
#include "agent/core/event_history.hpp"

#include <algorithm>

#include <arpa/inet.h>

#include "agent/core/flow_records.hpp"

namespace tollgate::agent {

std::string_view label(EventType type) {
    switch (type) {
        case EventType::drop:
            return "drop";
        case EventType::would_drop:
            return "wouldDrop";
        case EventType::flow:
            return "flow";
        case EventType::service:
            return "service";
        case EventType::dns:
            return "dns";
        case EventType::lost:
            return "lost";
    }
    return "unknown";
}

bool EventFilter::matches(const ObservedEvent& event) const {
    if (event.type == EventType::lost) {
        return true;
    }
    const tg_flow_key& key = event.record.key;
    const auto same = [](const auto& wanted, const auto& value) {
        return !wanted || *wanted == value;
    };
    return same(type, event.type) && same(protocol, key.protocol) && same(zone, key.zone) &&
           same(direction, static_cast<tg_direction>(event.record.direction)) &&
           (same(port, ntohs(key.remote_port)) || same(port, ntohs(key.local_port))) &&
           (!address || address->contains(to_address(key.remote)) ||
            address->contains(to_address(key.local)));
}

void EventHistory::add(ObservedEvent event) {
    event.sequence = ++newest_;
    events_.push_back(std::move(event));
    if (events_.size() > events_max_) {
        events_.pop_front();
    }
}

std::vector<ObservedEvent> EventHistory::after(std::uint64_t sequence,
                                               const EventFilter& filter,
                                               std::size_t most) const {
    std::vector<ObservedEvent> found;
    for (auto event = events_.rbegin(); event != events_.rend() && found.size() < most; ++event) {
        if (event->sequence <= sequence) {
            break;
        }
        if (filter.matches(*event)) {
            found.push_back(*event);
        }
    }
    std::reverse(found.begin(), found.end());
    return found;
}

std::uint64_t EventHistory::forgotten_after(std::uint64_t sequence) const {
    const std::uint64_t oldest = newest_ - events_.size() + 1;
    return sequence + 1 < oldest ? oldest - sequence - 1 : 0;
}

}  // namespace tollgate::agent

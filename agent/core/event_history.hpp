// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <tollgate/abi/event.h>
#include <tollgate/abi/packet.h>
#include <tollgate/ip.hpp>

namespace tollgate::agent {

enum class EventType : std::uint8_t { drop, would_drop, flow, service, dns, lost };

/// "drop", "wouldDrop", …: as in JSON.
[[nodiscard]] std::string_view label(EventType type);

/// One thing that happened at the gate.
struct ObservedEvent {
    std::uint64_t sequence = 0;  ///< from 1, without gaps
    std::int64_t wall_ns = 0;
    EventType type = EventType::drop;
    tg_event record{};
    std::string name;  ///< dns: the name asked for; else of the remote address, if it is known
    tg_link link = TG_LINK_CLEAR;
    std::string peer;  ///< in a tunnel: that the remote address belongs to; empty: none
};

/// What `observe` wants to see; what is absent does not matter.
struct EventFilter {
    std::optional<EventType> type;
    std::optional<tg_direction> direction;
    std::optional<std::uint8_t> protocol;
    std::optional<std::uint16_t> port;  ///< either side, host order
    std::optional<Prefix> address;      ///< either side
    std::optional<std::uint8_t> zone;

    /// Rows of lost events match always.
    [[nodiscard]] bool matches(const ObservedEvent& event) const;
};

/// The last events, oldest first.
class EventHistory {
  public:
    explicit EventHistory(std::size_t events_max = 10'000) : events_max_{events_max} {}

    void add(ObservedEvent event);

    /// What matches among the events after `sequence`, oldest first.
    /// @param most  if there are more, the newest
    [[nodiscard]] std::vector<ObservedEvent> after(std::uint64_t sequence,
                                                   const EventFilter& filter,
                                                   std::size_t most) const;
    /// The sequence number of the newest event; 0: there was none.
    [[nodiscard]] std::uint64_t newest() const { return newest_; }
    /// Events after `sequence` that have made room for newer ones.
    [[nodiscard]] std::uint64_t forgotten_after(std::uint64_t sequence) const;

  private:
    std::size_t events_max_;
    std::uint64_t newest_ = 0;
    std::deque<ObservedEvent> events_;
};

}  // namespace tollgate::agent

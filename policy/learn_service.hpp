// SPDX-License-Identifier: MIT
#pragma once

#include <bitset>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>

#include <tollgate/ip.hpp>

#include "policy/flow_record.hpp"

/// What the learner keeps of the flows that it saw: one entry per service, not per flow.
namespace tollgate::policy {

inline constexpr std::size_t kHoursOfWeek = 168;

/// Hours of the week, UTC; bit 0: Monday 00:00–00:59.
using HoursOfWeek = std::bitset<kHoursOfWeek>;

/// The bit of HoursOfWeek that a moment falls into.
[[nodiscard]] std::size_t hour_of_week(Timestamp at);

/// Who talks to whom about what, without ephemeral ports.
struct ServiceKey {
    Direction direction = Direction::egress;  ///< of the initiator
    std::uint8_t protocol = 0;                ///< IPPROTO_*
    std::uint16_t port = 0;                   ///< FlowRecord::service_port()
    std::string name;  ///< the DNS name that the remote address was resolved from; or empty:
    IpAddress remote;  ///< the remote address, zero if `name` is given
    IpAddress group;   ///< ingress to a multicast or broadcast address: that; otherwise zero
    Link link = Link::unknown;
    std::string peer{};  ///< that the remote address belongs to; empty if `name` is given
    auto operator<=>(const ServiceKey&) const = default;
};

/// The sum of the flows of one service.
struct ServiceEvidence {
    std::uint64_t flows = 0;
    std::uint64_t answered = 0;   ///< flows among them that the responder answered
    std::uint64_t sightings = 0;  ///< flows, and hours in which one of them went on
    std::uint64_t packets = 0;    ///< both directions
    std::uint64_t bytes = 0;
    Timestamp first_seen = Timestamp::max();
    Timestamp last_seen = Timestamp::min();
    HoursOfWeek hours;        ///< in which a flow began
    bool link_group = false;  ///< egress to a group MAC address: multicast or broadcast

    ServiceEvidence& operator+=(const ServiceEvidence& other);
    bool operator==(const ServiceEvidence&) const = default;
};

}  // namespace tollgate::policy

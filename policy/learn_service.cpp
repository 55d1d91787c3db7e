// SPDX-License-Identifier: MIT
#include "policy/learn_service.hpp"

#include <algorithm>

namespace tollgate::policy {

std::size_t hour_of_week(Timestamp at) {
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const auto hour = std::chrono::floor<std::chrono::hours>(at - day);
    const std::size_t weekday = std::chrono::weekday(day).iso_encoding() - 1;
    return weekday * 24 + static_cast<std::size_t>(hour.count());
}

ServiceEvidence& ServiceEvidence::operator+=(const ServiceEvidence& other) {
    flows += other.flows;
    answered += other.answered;
    sightings += other.sightings;
    packets += other.packets;
    bytes += other.bytes;
    first_seen = std::min(first_seen, other.first_seen);
    last_seen = std::max(last_seen, other.last_seen);
    hours |= other.hours;
    link_group = link_group || other.link_group;
    return *this;
}

}  // namespace tollgate::policy

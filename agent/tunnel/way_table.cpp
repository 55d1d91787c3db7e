// SPDX-License-Identifier: MIT
#include "agent/tunnel/way_table.hpp"

#include <algorithm>

namespace tollgate::agent {

WayTable::Set& WayTable::set_of(const WayKey& key) {
    // FNV-1a. Who chooses addresses so that they share a set only makes us ask more often.
    constexpr std::uint32_t kBasis = 2'166'136'261;
    constexpr std::uint32_t kPrime = 16'777'619;
    std::uint32_t hash = kBasis;
    for (const std::uint8_t byte : key.address.bytes) {
        hash = (hash ^ byte) * kPrime;
    }
    return (*sets_)[hash % kSets];
}

KnownWay* WayTable::find(const WayKey& key, Instant now) {
    for (Entry& entry : set_of(key)) {
        if (entry.is_used && entry.key == key && now - entry.asked < kFresh) {
            return &entry.known;
        }
    }
    return nullptr;
}

KnownWay& WayTable::put(const WayKey& key, const KnownWay& way, Instant now) {
    Set& set = set_of(key);
    auto place = std::ranges::find_if(
        set, [&](const Entry& entry) { return !entry.is_used || entry.key == key; });
    if (place == set.end()) {
        place = std::ranges::min_element(set, {}, &Entry::asked);
    }
    *place = {.is_used = true, .asked = now, .key = key, .known = way};
    return place->known;
}

void WayTable::forget_neighbour(unsigned interface, const IpAddress& next_hop) {
    for (Set& set : *sets_) {
        for (Entry& entry : set) {
            const KnownWay& known = entry.known;
            if (known.next_hop == next_hop &&
                (known.interface == interface || known.interface == 0)) {
                entry.is_used = false;
            }
        }
    }
}

void WayTable::clear() {
    for (Set& set : *sets_) {
        set.fill({});
    }
}

}  // namespace tollgate::agent

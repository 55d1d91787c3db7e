// SPDX-License-Identifier: MIT
#include "agent/datapath/tunnel_map_set.hpp"

#include <array>
#include <cerrno>
#include <cstddef>

namespace tollgate::agent {

namespace {

struct Member {
    const char* map;
    MapHandle TunnelMapSet::*handle;
};

// The last one is not in every kernel.
constexpr std::array kMembers{Member{"tunnel_ports", &TunnelMapSet::ports},
                              Member{"tunnels", &TunnelMapSet::tunnels},
                              Member{"receivers", &TunnelMapSet::receivers},
                              Member{"receiver_slots", &TunnelMapSet::receiver_slots},
                              Member{"peer_sources", &TunnelMapSet::peer_sources},
                              Member{"peer_addresses", &TunnelMapSet::peer_addresses},
                              Member{"peers_changed", &TunnelMapSet::peers_changed},
                              Member{"tunnel_sockets", &TunnelMapSet::sockets}};

}  // namespace

TunnelMapSet TunnelMapSet::of(const GateObject& object) {
    TunnelMapSet set;
    for (const Member& member : kMembers) {
        if (const MapHandle* map = object.find_map(member.map)) {
            set.*member.handle = *map;
        }
    }
    return set;
}

Result<TunnelMapSet> TunnelMapSet::of(std::span<const int> descriptors) {
    if (descriptors.size() > kMembers.size() || descriptors.size() + 1 < kMembers.size()) {
        return failure(EINVAL, "take over the maps of tunnels");
    }
    TunnelMapSet set;
    for (std::size_t i = 0; i < descriptors.size(); ++i) {
        auto map = MapHandle::of(descriptors[i]);
        if (!map) {
            return Failure{map.error()};
        }
        set.*kMembers.at(i).handle = *std::move(map);
    }
    return set;
}

std::vector<int> TunnelMapSet::descriptors() const {
    std::vector<int> all;
    for (const Member& member : kMembers) {
        if (const int fd = (this->*member.handle).fd; fd >= 0) {
            all.push_back(fd);
        }
    }
    return all;
}

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#include "agent/datapath/peer_addresses.hpp"

#include <cstring>
#include <vector>

#include <tollgate/abi/tunnel.h>

#include "agent/datapath/map_keys.hpp"
#include "agent/system/boot_clock.hpp"

namespace tollgate::agent {

namespace {

// The clock is read last: verdicts that came from the old entry are older.
Result<void> revoke_verdicts(const TunnelMapSet& maps, std::uint8_t zone) {
    const std::uint64_t now = boot_time_ns();
    return write_range(maps.peers_changed, zone, 1, &now);
}

}  // namespace

Result<void> own(const TunnelMapSet& maps,
                 std::uint8_t zone,
                 const Prefix& prefix,
                 std::string_view peer) {
    const tg_peer_prefix_key key = map_key(zone, prefix);
    const tg_peer_name name = map_key(peer);
    return put_entries(maps.peer_addresses, &key, &name, 1).and_then([&] {
        return revoke_verdicts(maps, zone);
    });
}

// An entry that cannot be removed says that the addresses are nobody's, or no longer anybody's.
void disown(const TunnelMapSet& maps, std::uint8_t zone, const Prefix& prefix) {
    const tg_peer_prefix_key key = map_key(zone, prefix);
    static_cast<void>(remove_entries(maps.peer_addresses, &key, 1));
    static_cast<void>(revoke_verdicts(maps, zone));
}

void disown_all(const TunnelMapSet& maps, std::uint8_t zone) {
    std::vector<tg_peer_prefix_key> keys;
    const auto visited =
        visit_entries(maps.peer_addresses, [&](const std::byte* key, const std::byte*) {
            tg_peer_prefix_key found{};
            std::memcpy(&found, key, sizeof found);
            if (found.zone == zone) {
                keys.push_back(found);
            }
        });
    if (visited) {
        static_cast<void>(remove_entries(maps.peer_addresses, keys.data(), keys.size()));
    }
    static_cast<void>(revoke_verdicts(maps, zone));
}

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#include "agent/control/tunnel_desk.hpp"

#include <cerrno>
#include <memory>
#include <utility>

namespace tollgate::agent {

std::vector<TunnelStatus> TunnelDesk::status() {
    return queue_.call([this] { return tunnels_.statuses(); })
        .value_or(std::vector<TunnelStatus>{});
}

std::set<std::string> TunnelDesk::peer_names() {
    return queue_.call([this] { return tunnels_.peer_names(); }).value_or(std::set<std::string>{});
}

int TunnelDesk::change_peer(const std::string& tunnel,
                            PeerChange change,
                            const std::optional<std::string>& peer_name) {
    return queue_.call([&] { return tunnels_.change_peer(tunnel, std::move(change), peer_name); })
        .value_or(ESHUTDOWN);
}

int TunnelDesk::set_up(const std::string& tunnel, bool up) {
    return queue_.call([&] { return tunnels_.set_up(tunnel, up); }).value_or(ESHUTDOWN);
}

TunnelControl::Scrape TunnelDesk::counters(std::chrono::milliseconds patience) {
    Scrape scrape;
    auto pending = queue_.call_within(patience, [this] { return tunnels_.counters(); });
    if (!pending) {
        scrape.late = ++late_;
        return scrape;
    }
    const auto until = std::chrono::steady_clock::now() + patience;
    for (Tunnels::PendingCounters& tunnel : *pending) {
        if (tunnel.counters.wait_until(until) != std::future_status::ready) {
            ++late_;
            continue;
        }
        auto counters = tunnel.counters.get();
        if (!counters) {
            continue;
        }
        for (PeerCounters& peer : counters->peers) {
            const auto name = tunnel.names.find(peer.public_key);
            peer.name = name == tunnel.names.end() ? peer.name : name->second;
        }
        scrape.tunnels.push_back(std::move(*counters));
    }
    scrape.late = late_;
    return scrape;
}

}  // namespace tollgate::agent

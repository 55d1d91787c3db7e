// SPDX-License-Identifier: MIT
#include "agent/tunnel/tunnels.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace tollgate::agent {

Tunnels::Tunnels(const std::vector<TunnelSettings>& configured,
                 const std::vector<std::string>& by_wg,
                 TunnelFolders folders,
                 const Clock& clock,
                 GateForTunnels gate)
    : folders_{std::move(folders)}, clock_{clock}, gate_{std::move(gate)} {
    std::set<std::string> names{by_wg.begin(), by_wg.end()};
    for (const TunnelSettings& settings : configured) {
        tunnels_.push_back(make(settings));
        names.insert(settings.name);
    }
    SupervisedTunnel::remove_left(folders_, names);
    for (const std::string& name : by_wg) {
        TunnelSettings settings;
        settings.name = name;
        settings.is_set_by_wg = true;
        tunnels_.push_back(make(std::move(settings)));
    }
}

std::unique_ptr<SupervisedTunnel> Tunnels::make(TunnelSettings settings) {
    return std::make_unique<SupervisedTunnel>(
        std::move(settings), folders_, clock_, resolver_, gate_);
}

void Tunnels::tick() {
    for (const auto& answer : resolver_.take()) {
        for (const auto& tunnel : tunnels_) {
            tunnel->answered(answer);
        }
    }
    for (const auto& tunnel : tunnels_) {
        tunnel->tick();
    }
}

Result<void> Tunnels::change(const std::vector<TunnelSettings>& configured) {
    std::vector<TunnelKeys> keys;
    for (const TunnelSettings& settings : configured) {
        const bool is_taken =
            std::any_of(tunnels_.begin(), tunnels_.end(), [&](const auto& tunnel) {
                return tunnel->settings().is_set_by_wg && tunnel->settings().name == settings.name;
            });
        if (is_taken) {
            return failure(fmt::format("the tunnel {} is one of --tunnel, too", settings.name));
        }
        auto read = read_tunnel_keys(settings, folders_);
        if (!read) {
            return Failure{read.error()};
        }
        keys.push_back(std::move(*read));
    }
    remove_all_but(configured);
    auto before = std::exchange(tunnels_, {});
    const auto take = [&](const auto& matches) -> std::unique_ptr<SupervisedTunnel> {
        const auto found = std::find_if(before.begin(), before.end(), [&](const auto& tunnel) {
            return tunnel && matches(tunnel->settings());
        });
        return found == before.end() ? nullptr : std::move(*found);
    };
    for (std::size_t i = 0; i < configured.size(); ++i) {
        auto tunnel = take([&](const auto& other) { return other.name == configured[i].name; });
        if (tunnel) {
            tunnel->change(configured[i], keys[i]);
        }
        tunnels_.push_back(tunnel ? std::move(tunnel) : make(configured[i]));
    }
    while (auto tunnel = take([](const auto& other) { return other.is_set_by_wg; })) {
        tunnels_.push_back(std::move(tunnel));
    }
    tick();
    return {};
}

// Their ports are free for the others then.
void Tunnels::remove_all_but(const std::vector<TunnelSettings>& configured) {
    std::vector<std::string> gone;
    std::erase_if(tunnels_, [&](const auto& tunnel) {
        const std::string& name = tunnel->settings().name;
        const bool stays = tunnel->settings().is_set_by_wg ||
                           std::any_of(configured.begin(),
                                       configured.end(),
                                       [&](const auto& other) { return other.name == name; });
        if (!stays) {
            tunnel->remove();
            gone.push_back(name);
        }
        return !stays;
    });
    for (const std::string& name : gone) {
        if (gate_.detach) {
            gate_.detach(name);
        }
    }
}

std::set<std::string> Tunnels::peer_names() const {
    std::set<std::string> names;
    for (const auto& tunnel : tunnels_) {
        for (const auto& [key, name] : tunnel->peer_names()) {
            names.insert(name);
        }
    }
    return names;
}

std::vector<TunnelStatus> Tunnels::statuses() {
    std::vector<TunnelStatus> statuses;
    for (const auto& tunnel : tunnels_) {
        statuses.push_back(tunnel->status());
    }
    return statuses;
}

SupervisedTunnel* Tunnels::find(const std::string& name) const {
    const auto found = std::find_if(tunnels_.begin(), tunnels_.end(), [&](const auto& tunnel) {
        return tunnel->settings().name == name;
    });
    return found == tunnels_.end() ? nullptr : found->get();
}

int Tunnels::change_peer(const std::string& tunnel,
                         PeerChange change,
                         const std::optional<std::string>& name) {
    SupervisedTunnel* const found = find(tunnel);
    if (found == nullptr) {
        return ENODEV;
    }
    const auto is_anothers = [&](const auto& other) {
        const PeerNames names = other->peer_names();
        return std::any_of(names.begin(), names.end(), [&](const auto& named) {
            return named.second == *name &&
                   (other.get() != found || named.first != change.public_key);
        });
    };
    if (name && std::any_of(tunnels_.begin(), tunnels_.end(), is_anothers)) {
        return EEXIST;
    }
    return found->change_peer(std::move(change), name);
}

int Tunnels::set_up(const std::string& tunnel, bool up) {
    SupervisedTunnel* const found = find(tunnel);
    return found == nullptr ? ENODEV : found->set_up(up);
}

std::vector<Tunnels::PendingCounters> Tunnels::counters() {
    std::vector<PendingCounters> pending;
    for (const auto& tunnel : tunnels_) {
        if (auto counters = tunnel->counters(); counters.valid()) {
            pending.push_back({std::move(counters), tunnel->peer_names()});
        }
    }
    return pending;
}

}  // namespace tollgate::agent

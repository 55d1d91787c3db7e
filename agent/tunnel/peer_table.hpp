// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/tunnel/allowed_ips.hpp"
#include "agent/tunnel/owned_peers.hpp"
#include "agent/tunnel/peer.hpp"
#include "agent/tunnel/peer_sources.hpp"
#include "agent/tunnel/queue_steering.hpp"
#include "crypto/keys.hpp"

namespace tollgate::agent {

inline constexpr std::size_t kPeersMax = std::size_t{1} << 16U;

using PeerNames = std::unordered_map<crypto::PublicKey, std::string, crypto::PublicKeyHash>;

/// The peers of a device, by public key and by inner address: one table for all its workers, each
/// of which owns a part of the peers. While they run, nothing here changes but what is said to;
/// everything else is called while they stand still.
class PeerTable {
  public:
    struct Parts {
        TunnelGate& gate;                   ///< is told of every index, and of where peers are
        QueueSteering* steering = nullptr;  ///< is told of the owner's worker; null: nobody asks
        std::size_t workers = 1;
    };
    explicit PeerTable(const Parts& parts);

    /// The peer with this key, made if it is new: of the workers in turn. @return null if there are
    /// kPeersMax
    [[nodiscard]] Peer* add(const crypto::PublicKey& key);
    [[nodiscard]] Peer* find(const crypto::PublicKey& key) const;
    void remove(Peer& peer);

    /// What a worker alone uses while it runs.
    [[nodiscard]] OwnedPeers& owned_by(std::size_t worker) { return *owned_[worker]; }

    /// Where the peer is, as an authentic message or the administrator says. While workers run only
    /// its owner says so.
    void set_endpoint(Peer& peer, const Endpoint& endpoint);
    /// The same for any worker at any time.
    [[nodiscard]] Place place_of(const Peer& peer);
    /// For any worker at any time.
    [[nodiscard]] PeerSources& sources() { return sources_; }

    /// Gives the addresses to the peer, whoever had them. The gate knows it before the first packet
    /// goes another way. @return false, and nothing has changed: there is no room
    [[nodiscard]] bool allow(Peer& peer, const Prefix& prefix);
    /// Does nothing unless the prefix is exactly one of the peer's.
    void disallow(Peer& peer, const Prefix& prefix);
    void disallow_all(Peer& peer);
    /// Prefixes by Peer::number.
    [[nodiscard]] const AllowedIps& allowed_ips() const { return allowed_ips_; }

    /// What the policy calls peers, whether they are there or not; those before are forgotten.
    void set_names(PeerNames names);
    /// The peer that an inner address belongs to; null: none.
    [[nodiscard]] Peer* route(const IpAddress& inner) const;

    [[nodiscard]] std::size_t size() const { return peers_.size(); }
    /// Calls `visit(Peer&)` for each, in no order.
    template <typename Visit>
    void for_each(const Visit& visit) const {
        for (const auto& [key, peer] : peers_) {
            visit(*peer);
        }
    }
    /// The same in the order in which they were added, roughly: a peer takes the place of one that
    /// is gone.
    template <typename Visit>
    void for_each_in_order(const Visit& visit) const {
        for (Peer* peer : numbered_) {
            if (peer != nullptr) {
                visit(*peer);
            }
        }
    }

  private:
    [[nodiscard]] std::vector<Prefix> prefixes_of(const Peer& peer) const;
    [[nodiscard]] std::string_view name_of(const crypto::PublicKey& key) const;
    [[nodiscard]] bool steer(const Prefix& prefix, const Peer& peer);
    void steer_back(const Prefix& prefix);

    TunnelGate& gate_;
    QueueSteering* steering_;
    PeerSources sources_;
    std::mutex places_mutex_;                         ///< of Peer::place
    std::vector<std::unique_ptr<OwnedPeers>> owned_;  ///< by worker
    AllowedIps allowed_ips_;
    std::vector<Peer*> numbered_;  ///< null: the number is free
    /// The lowest first, so that peers which replace all others are in their own order.
    std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> free_numbers_;
    PeerNames names_;
    /// Last, because the peers give up their indices when they go.
    std::unordered_map<crypto::PublicKey, std::unique_ptr<Peer>, crypto::PublicKeyHash> peers_;
};

}  // namespace tollgate::agent

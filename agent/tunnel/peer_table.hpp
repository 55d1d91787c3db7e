// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/tunnel/allowed_ips.hpp"
#include "agent/tunnel/peer.hpp"
#include "agent/tunnel/peer_sources.hpp"
#include "crypto/keys.hpp"

namespace tollgate::agent {

inline constexpr std::size_t kPeersMax = std::size_t{1} << 16U;

using PeerNames = std::unordered_map<crypto::PublicKey, std::string, crypto::PublicKeyHash>;

/// The peers of a device, by public key, by receiver index, by inner address and by time.
class PeerTable {
  public:
    /// @param gate  is told of every index, and of where peers are
    explicit PeerTable(TunnelGate& gate) : gate_{gate}, sources_{gate} {}

    /// The peer with this key, made if it is new. @return null if there are kPeersMax
    [[nodiscard]] Peer* add(const crypto::PublicKey& key);
    [[nodiscard]] Peer* find(const crypto::PublicKey& key) const;
    void remove(Peer& peer);

    /// A random index that nobody has, for a handshake or a keypair of `peer`. A stranger cannot
    /// guess it.
    [[nodiscard]] std::uint32_t new_index(Peer& peer);
    [[nodiscard]] Peer* by_index(std::uint32_t index) const;
    void forget_index(std::uint32_t index);

    /// What the gate knows of an index of the peer.
    [[nodiscard]] static GateReceiver receiver(const Peer& peer, std::uint32_t index);
    /// Where the peer is, as an authentic message or the administrator says.
    void set_endpoint(Peer& peer, const Endpoint& endpoint);

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

    /// Looks at the peer's timers when the first of them is due. Call after they have changed.
    void schedule(Peer& peer);
    /// A peer whose time has come; null: none. Call schedule() after its timers were taken.
    [[nodiscard]] Peer* take_due(crypto::Instant now);
    /// When take_due() has something next; Instant::max(): never.
    [[nodiscard]] crypto::Instant next_due() const;

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

    TunnelGate& gate_;
    PeerSources sources_;
    AllowedIps allowed_ips_;
    std::vector<Peer*> numbered_;  ///< null: the number is free
    /// The lowest first, so that peers which replace all others are in their own order.
    std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> free_numbers_;
    PeerNames names_;
    std::unordered_map<std::uint32_t, Peer*> indices_;
    std::set<std::pair<crypto::Instant, Peer*>> schedule_;
    /// Last, because the peers give up their indices when they go.
    std::unordered_map<crypto::PublicKey, std::unique_ptr<Peer>, crypto::PublicKeyHash> peers_;
};

}  // namespace tollgate::agent

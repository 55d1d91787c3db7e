// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/tunnel/peer_table.hpp"
#include "agent/tunnel/queue_steering.hpp"
#include "agent/tunnel/tunnel_config.hpp"
#include "agent/tunnel/tunnel_counters.hpp"
#include "agent/tunnel/tunnel_gate.hpp"
#include "agent/tunnel/tunnel_status.hpp"
#include "agent/tunnel/worker.hpp"

namespace tollgate::agent {

/// A WireGuard interface: what arrives at the link goes to the port and back, and to whom is in its
/// configuration. Its workers do that, each in a thread of its own if there are several, and each
/// for the peers that it owns. All members but worker() are called while none of them runs.
class Device {
  public:
    struct Parts {
        /// At least one. The first one's link listens, and is marked, for those of all.
        std::vector<Worker::Parts> workers;
        Handshakes::NextTimestamp next_timestamp;           ///< for any thread
        std::unique_ptr<TunnelGate> gate = nullptr;         ///< null: none is loaded
        std::unique_ptr<QueueSteering> steering = nullptr;  ///< null: there is one worker
    };
    explicit Device(Parts parts);

    /// Carries out what `wg set` and the like ask for, in the order of the lines.
    /// @return 0, or an errno value; what came before it is done
    [[nodiscard]] int apply(const DeviceChange& change, const Now& now);
    /// What the policy calls the peers: see PeerTable.
    void set_peer_names(PeerNames names) { peers_.set_names(std::move(names)); }
    [[nodiscard]] DeviceState state() const;
    /// The same without secrets, without names and without reasons.
    [[nodiscard]] TunnelStatus status() const;
    /// A device that is down has its configuration and its counters, but no keypair: it answers
    /// nobody, and what the host sends is dropped. Devices begin up.
    void set_up(bool up, const Now& now);
    [[nodiscard]] bool is_up() const { return is_up_; }
    /// See Port.
    [[nodiscard]] Result<void> keep_port() { return first().port().set_persistent(true); }
    /// What metrics need, in time and size bounded by kPeerCountersMax whatever the peers.
    [[nodiscard]] TunnelCounters counters(const Now& now) const;

    [[nodiscard]] Worker& worker(std::size_t number = 0) { return *workers_[number]; }
    [[nodiscard]] std::size_t workers() const { return workers_.size(); }

    [[nodiscard]] const Link& link() const { return first().link(); }
    [[nodiscard]] const PeerTable& peers() const { return peers_; }
    /// Of all workers.
    [[nodiscard]] HandshakeCounters handshakes() const;
    [[nodiscard]] EgressCounters egress() const;
    [[nodiscard]] IngressCounters ingress() const;

  private:
    void set_private_key(const crypto::PrivateKey& key);
    [[nodiscard]] int apply_peer(const PeerChange& change, const Now& now);
    [[nodiscard]] int configure(Peer& peer, const PeerChange& change, const Now& now);
    [[nodiscard]] Result<void> guard_port();
    void set_identities();
    void derive_remote(Peer& peer);
    [[nodiscard]] Worker& owner_of(const Peer& peer) { return *workers_[peer.worker]; }
    [[nodiscard]] Worker& first() { return *workers_.front(); }
    [[nodiscard]] const Worker& first() const { return *workers_.front(); }

    std::unique_ptr<TunnelGate> gate_;
    std::unique_ptr<QueueSteering> steering_;
    std::shared_ptr<const crypto::Identity> identity_;
    std::uint32_t mark_ = 0;
    Stealth stealth_;
    bool is_up_ = true;
    PeerTable peers_;
    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace tollgate::agent

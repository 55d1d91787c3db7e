// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <unordered_map>
#include <utility>

#include "agent/tunnel/peer.hpp"
#include "agent/tunnel/tunnel_gate.hpp"

namespace tollgate::agent {

inline constexpr std::size_t kWorkersMax = 16;

/// Which worker a receiver index is of: its lowest byte says so to the kernel, too, before anybody
/// has read the message (udp_group.hpp).
[[nodiscard]] constexpr std::size_t worker_of(std::uint32_t index, std::size_t workers) {
    return (index & 0xffU) % workers;
}

/// The peers of one worker, by receiver index and by time. While workers run, only that one uses
/// it, so that there is no lock.
class OwnedPeers {
  public:
    /// @param worker  its number, below `workers` @param gate  is told of every index
    OwnedPeers(std::size_t worker, std::size_t workers, TunnelGate& gate)
        : worker_{worker}, workers_{workers}, gate_{gate} {}

    [[nodiscard]] bool owns(const Peer& peer) const { return peer.worker == worker_; }

    /// A random index of this worker that nobody has, for a handshake or a keypair of `peer`. A
    /// stranger cannot guess it.
    [[nodiscard]] std::uint32_t new_index(Peer& peer);
    /// Null: nobody of this worker has it.
    [[nodiscard]] Peer* by_index(std::uint32_t index) const;
    void forget_index(std::uint32_t index);
    /// What the gate knows of an index of the peer.
    [[nodiscard]] static GateReceiver receiver(const Peer& peer, std::uint32_t index);

    /// Looks at the peer's timers when the first of them is due. Call after they have changed.
    void schedule(Peer& peer);
    /// A peer whose time has come; null: none. Call schedule() after its timers were taken.
    [[nodiscard]] Peer* take_due(crypto::Instant now);
    /// When take_due() has something next; Instant::max(): never.
    [[nodiscard]] crypto::Instant next_due() const;

    /// Forgets when to look at the peer, and the index of its handshake; keypairs give up theirs
    /// when they go.
    void forget(Peer& peer);

  private:
    std::size_t worker_;
    std::size_t workers_;
    TunnelGate& gate_;
    std::unordered_map<std::uint32_t, Peer*> indices_;
    std::set<std::pair<crypto::Instant, Peer*>> schedule_;
};

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "agent/tunnel/handshakes.hpp"
#include "agent/tunnel/host_packet.hpp"
#include "agent/tunnel/link.hpp"
#include "agent/tunnel/peer_table.hpp"
#include "crypto/aead.hpp"

namespace tollgate::agent {

struct EgressCounters {
    std::uint64_t no_peer = 0;         ///< no allowed IP holds the destination
    std::uint64_t no_endpoint = 0;     ///< nobody knows where the peer is
    std::uint64_t looping = 0;         ///< our own datagrams, to a peer behind itself
    std::uint64_t staged_dropped = 0;  ///< gave way to newer ones, or the handshake failed
    std::uint64_t not_sent = 0;        ///< the kernel refused, or the keypair ended
    std::uint64_t wrong_worker = 0;    ///< to a peer of another, just when that was changed

    EgressCounters& operator+=(const EgressCounters& other);
};

/// From the host to the wire. Consecutive packets for one peer are written where the link sends
/// them from, sealed in place as one vector, and sent by one call.
class Egress {
  public:
    struct Parts {
        PeerTable& peers;
        OwnedPeers& owned;
        Handshakes& handshakes;
        Link& link;
        crypto::Aead& aead;
    };
    explicit Egress(const Parts& parts);

    /// @param mtu  of the port: no packet is padded beyond it, no TCP segment asked for that does
    /// not fit
    void set_mtu(std::size_t mtu) { mtu_ = mtu; }

    /// Takes a packet of the host, or the many that it stands for. Call flush() after the last.
    /// @return false if nobody can be given it: no peer has its destination, nobody knows where
    /// that peer is, or the way there leads back to us
    bool add(const HostPacket& packet, const Now& now);
    /// Sends what is collected.
    void flush(const Now& now);

    /// Sends what waited for the handshake; if nothing did, a keepalive.
    void send_staged(Peer& peer, const Now& now);
    /// An empty packet; stays quiet without a keypair, unless a handshake can be begun.
    void send_keepalive(Peer& peer, const Now& now);
    void drop_staged(Peer& peer);

    [[nodiscard]] const EgressCounters& counters() const { return counters_; }

  private:
    static constexpr std::size_t kVectorMax = 64;

    /// Packets for one peer that leave by one call.
    struct Vector {
        Peer* peer = nullptr;
        std::uint8_t traffic_class = 0;
        std::size_t bytes = 0;  ///< of all datagrams
        std::size_t count = 0;
        bool has_data = false;
        std::array<crypto::AeadMessage, kVectorMax> messages{};
    };

    [[nodiscard]] static bool can_send(const Peer& peer, const Now& now);
    [[nodiscard]] bool is_looping(const HostPacket& packet) const;
    void stage(Peer& peer, const HostPacket& packet, const Now& now);
    [[nodiscard]] crypto::MutableBytes reserve(Peer& peer,
                                               std::size_t size,
                                               std::uint8_t traffic_class,
                                               const Now& now);
    [[nodiscard]] std::size_t padded(std::size_t size) const;
    void seal(crypto::Keypair& keypair, std::uint64_t first_counter);
    void sent(Peer& peer, const crypto::Keypair& keypair, const Now& now);

    PeerTable& peers_;
    OwnedPeers& owned_;
    Handshakes& handshakes_;
    Link& link_;
    crypto::Aead& aead_;
    std::size_t mtu_ = 0;
    Vector vector_;
    EgressCounters counters_;
};

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/tunnel/egress.hpp"
#include "agent/tunnel/handshakes.hpp"
#include "agent/tunnel/ingress.hpp"
#include "agent/tunnel/link.hpp"
#include "agent/tunnel/peer_table.hpp"
#include "agent/tunnel/port.hpp"
#include "agent/tunnel/tunnel_config.hpp"
#include "agent/tunnel/tunnel_counters.hpp"
#include "agent/tunnel/tunnel_gate.hpp"
#include "agent/tunnel/tunnel_status.hpp"
#include "agent/tunnel/unreachable.hpp"
#include "crypto/aead.hpp"

namespace tollgate::agent {

/// A WireGuard interface: what arrives at the link goes to the port and back, and to whom is in its
/// configuration. It reads no clock and waits for nothing: its caller tells what is ready, and the
/// time. One thread owns it, so that there is no lock.
class Device {
  public:
    struct Parts {
        std::unique_ptr<Link> link;
        std::unique_ptr<Port> port;
        std::unique_ptr<crypto::Aead> aead;
        Handshakes::NextTimestamp next_timestamp;
        std::unique_ptr<TunnelGate> gate = nullptr;  ///< null: none is loaded
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
    [[nodiscard]] Result<void> keep_port() { return port_->set_persistent(true); }
    /// What metrics need, in time and size bounded by kPeerCountersMax whatever the peers.
    [[nodiscard]] TunnelCounters counters(const Now& now) const;

    /// Poll these; they change when the listen port does.
    [[nodiscard]] std::vector<int> link_descriptors() const { return link_->descriptors(); }
    [[nodiscard]] int port_descriptor() const { return port_->descriptor(); }

    /// See Link. @return true: link_descriptors() have changed
    [[nodiscard]] bool refresh_link() { return link_->refresh(); }

    /// Takes what waits at a descriptor of the link, at most a few vectors: call again while it
    /// polls readable.
    void link_is_readable(int descriptor, const Now& now);
    void port_is_readable(const Now& now);
    /// Deals with a few handshake messages and with what is due. @return when to call again, at the
    /// latest; at once if more is waiting
    [[nodiscard]] crypto::Instant work(const Now& now);

    [[nodiscard]] const Link& link() const { return *link_; }
    [[nodiscard]] std::string_view cipher() const { return aead_->name(); }
    [[nodiscard]] std::size_t mtu() const { return port_->mtu(); }

    [[nodiscard]] const PeerTable& peers() const { return peers_; }
    [[nodiscard]] const HandshakeCounters& handshakes() const { return handshakes_.counters(); }
    [[nodiscard]] const EgressCounters& egress() const { return egress_.counters(); }
    [[nodiscard]] const IngressCounters& ingress() const { return ingress_.counters(); }

  private:
    void set_private_key(const crypto::PrivateKey& key);
    [[nodiscard]] int apply_peer(const PeerChange& change, const Now& now);
    [[nodiscard]] int configure(Peer& peer, const PeerChange& change, const Now& now);
    [[nodiscard]] Result<void> guard_port();
    void derive_remote(Peer& peer);
    void follow_mtu();
    void tell_unreachable(const HostPacket& packet, const Now& now);
    void do_due(Peer& peer, const Now& now);

    std::unique_ptr<Link> link_;
    std::unique_ptr<Port> port_;
    std::unique_ptr<crypto::Aead> aead_;
    std::unique_ptr<TunnelGate> gate_;
    std::shared_ptr<const crypto::Identity> identity_;
    std::uint32_t mark_ = 0;
    Stealth stealth_;
    bool is_up_ = true;
    PeerTable peers_;
    Handshakes handshakes_;
    Egress egress_;
    Ingress ingress_;
    Unreachable unreachable_;
};

}  // namespace tollgate::agent

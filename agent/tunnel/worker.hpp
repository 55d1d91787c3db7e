// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/tunnel/egress.hpp"
#include "agent/tunnel/handshakes.hpp"
#include "agent/tunnel/ingress.hpp"
#include "agent/tunnel/initiation_inbox.hpp"
#include "agent/tunnel/link.hpp"
#include "agent/tunnel/peer_table.hpp"
#include "agent/tunnel/port.hpp"
#include "agent/tunnel/unreachable.hpp"
#include "crypto/aead.hpp"

namespace tollgate::agent {

/// One thread's part of a device, from the wire to the host and back: with a queue of the port and
/// sockets of its own, for the peers that it owns. It reads no clock and waits for nothing: its
/// caller tells what is ready, and the time. One thread runs it, so that there is no lock.
class Worker {
  public:
    struct Parts {
        std::unique_ptr<Link> link;
        std::unique_ptr<Port> port;
        std::unique_ptr<crypto::Aead> aead;
        std::unique_ptr<InitiationInbox> inbox = nullptr;  ///< for all but the first
    };
    /// What it has of the device.
    struct Share {
        PeerTable& peers;
        std::size_t number = 0;
        TunnelGate& gate;
        Handshakes::NextTimestamp next_timestamp;
        Handshakes::HandOver hand_over;
    };
    Worker(Parts parts, Share share);

    /// Poll these; they change when the listen port does.
    [[nodiscard]] std::vector<int> link_descriptors() const { return link_->descriptors(); }
    [[nodiscard]] int port_descriptor() const { return port_->descriptor(); }
    /// Poll it: then work() has something to do. Null: there is none.
    [[nodiscard]] const InitiationInbox* inbox() const { return inbox_.get(); }

    /// See Link. @return true: link_descriptors() have changed
    [[nodiscard]] bool refresh_link() { return link_->refresh(); }

    /// Takes what waits at a descriptor of the link, at most a few vectors: call again while it
    /// polls readable.
    void link_is_readable(int descriptor, const Now& now);
    void port_is_readable(const Now& now);
    /// Deals with a few handshake messages and with what is due. @return when to call again, at the
    /// latest; at once if more is waiting
    [[nodiscard]] crypto::Instant work(const Now& now);

    /// See InitiationInbox; for any thread. @pre it has one
    [[nodiscard]] bool give(OpenedInitiation initiation) {
        return inbox_->put(std::move(initiation));
    }

    [[nodiscard]] Link& link() { return *link_; }
    [[nodiscard]] const Link& link() const { return *link_; }
    [[nodiscard]] Port& port() { return *port_; }
    [[nodiscard]] const Port& port() const { return *port_; }
    [[nodiscard]] Handshakes& handshakes() { return handshakes_; }
    [[nodiscard]] const Handshakes& handshakes() const { return handshakes_; }
    [[nodiscard]] Egress& egress() { return egress_; }
    [[nodiscard]] const Egress& egress() const { return egress_; }
    [[nodiscard]] const Ingress& ingress() const { return ingress_; }
    [[nodiscard]] std::string_view cipher() const { return aead_->name(); }

  private:
    void follow_mtu();
    void tell_unreachable(const HostPacket& packet, const Now& now);
    void do_due(Peer& peer, const Now& now);

    std::unique_ptr<Link> link_;
    std::unique_ptr<Port> port_;
    std::unique_ptr<crypto::Aead> aead_;
    std::unique_ptr<InitiationInbox> inbox_;
    OwnedPeers& owned_;
    Handshakes handshakes_;
    Egress egress_;
    Ingress ingress_;
    Unreachable unreachable_;
};

}  // namespace tollgate::agent

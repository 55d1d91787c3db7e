// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "agent/tunnel/egress.hpp"
#include "agent/tunnel/handshakes.hpp"
#include "agent/tunnel/link.hpp"
#include "agent/tunnel/peer_table.hpp"
#include "agent/tunnel/port.hpp"
#include "crypto/aead.hpp"

namespace tollgate::agent {

/// What became of transport data messages that did not reach the host; for metrics.
struct IngressCounters {
    std::uint64_t bad_length = 0;
    std::uint64_t unknown_index = 0;  ///< or of a peer that another worker owns
    std::uint64_t expired = 0;        ///< the keypair is older than reject-after-time
    std::uint64_t not_authentic = 0;
    std::uint64_t replayed = 0;      ///< or too old for the window
    std::uint64_t not_ip = 0;        ///< or its length field contradicts its size
    std::uint64_t wrong_source = 0;  ///< its source is not an allowed IP of the peer

    IngressCounters& operator+=(const IngressCounters& other);
};

/// From the wire to the host. Messages of one keypair from one place are opened in place as a
/// vector, checked, and handed over by one call.
class Ingress {
  public:
    struct Parts {
        PeerTable& peers;
        OwnedPeers& owned;
        Handshakes& handshakes;
        Egress& egress;
        Port& port;
        crypto::Aead& aead;
    };
    explicit Ingress(const Parts& parts) : parts_{parts} {}

    /// Takes all datagrams of an arrival: handshake messages wait, data is opened by flush() at the
    /// latest, and stays where it is until then.
    void take(const Arrival& arrival, const Now& now);
    void flush(const Now& now);

    /// @param mtu  of the port: no TCP segment is asked for that does not fit
    void set_mtu(std::size_t mtu) { mtu_ = mtu; }
    [[nodiscard]] const IngressCounters& counters() const { return counters_; }

  private:
    static constexpr std::size_t kVectorMax = 64;

    struct Vector {
        Peer* peer = nullptr;
        crypto::Keypair* keypair = nullptr;
        Endpoint from;
        std::uint8_t ecn = 0;
        std::size_t count = 0;
        std::array<crypto::AeadMessage, kVectorMax> messages{};
    };

    void take_data(crypto::MutableBytes message, const Arrival& arrival, const Now& now);
    [[nodiscard]] bool belongs(std::uint32_t index, const Arrival& arrival) const;
    void received(Peer& peer, bool has_data, const Now& now);
    [[nodiscard]] bool check_inner(const crypto::AeadMessage& message,
                                   const Peer& peer,
                                   crypto::MutableBytes& inner);

    Parts parts_;
    std::size_t mtu_ = 0;
    Vector vector_;
    IngressCounters counters_;
};

}  // namespace tollgate::agent

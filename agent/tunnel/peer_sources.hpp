// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <mutex>

#include <tollgate/ip.hpp>

#include "agent/tunnel/endpoint.hpp"
#include "agent/tunnel/handshake_limiter.hpp"
#include "agent/tunnel/tunnel_gate.hpp"
#include "crypto/bytes.hpp"

namespace tollgate::agent {

/// Where the peers of a device are. Under load, a few handshake messages from there need no
/// cookie: a flood from the addresses of others does not keep them out. A source has the places of
/// HandshakeLimiter; all sources together have 1,000 a second (100 at once), so that a flood from
/// those of many peers costs no more than that. Thread-safe; not for every packet.
class PeerSources {
  public:
    /// @param gate  is told; it has to outlive this object
    explicit PeerSources(TunnelGate& gate) : gate_{gate} {}
    ~PeerSources();
    PeerSources(const PeerSources&) = delete;
    PeerSources& operator=(const PeerSources&) = delete;

    /// One more peer is there, and one less. An endpoint that is not known is passed over.
    void add(const Endpoint& endpoint);
    void remove(const Endpoint& endpoint);

    /// Takes a place for a message without a cookie. @return false: it needs a cookie
    [[nodiscard]] bool admit(const IpAddress& source, crypto::Instant now);

  private:
    TunnelGate& gate_;
    std::mutex mutex_;                          ///< of what is below
    std::map<IpAddress, std::uint32_t> peers_;  ///< how many, by initiator_network()
    HandshakeLimiter limiter_;
    crypto::Instant due_{0};  ///< when the next message of all is
};

}  // namespace tollgate::agent

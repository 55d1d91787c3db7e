// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <tollgate/ip.hpp>

#include "agent/datapath/gate.hpp"
#include "agent/tunnel/allowed_ips.hpp"
#include "policy/explain.hpp"

namespace tollgate::agent {

/// Which zones are tunnels, and whose their inner addresses are: a copy, as the data path has it.
class TunnelPeers {
  public:
    /// @param own  the addresses of the interface of a tunnel
    void add_tunnel(std::uint8_t zone, const std::vector<IpAddress>& own);
    /// Of the peers of a tunnel that was added; others are passed over.
    void add_address(const PeerAddress& address);

    /// Says what the data path knows of the remote besides its address: the link, and the peer.
    void complete(policy::Tuple& tuple, std::uint8_t zone) const;
    /// The zone of the tunnel whose interface has the address; 0 if none has.
    [[nodiscard]] std::uint8_t zone_of(const IpAddress& own) const;

  private:
    std::map<std::uint8_t, AllowedIps> tunnels_;  ///< by zone; owners are indices of `names_`
    std::vector<std::string> names_;
    std::map<IpAddress, std::uint8_t> own_;
};

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include <tollgate/ip.hpp>

#include "policy/reference_packet.hpp"

namespace tollgate::policy {

/// Which peer of a tunnel an inner address belongs to (docs/packet-path.md, section 10).
class ReferencePeers {
  public:
    /// Gives the addresses to a peer, whoever had them. @param peer  empty: one without a name
    void allow(const Prefix& prefix, std::string peer, BootTime now);
    void disallow(const Prefix& prefix, BootTime now);

    /// The name of the peer with the longest prefix that holds the address; empty: none.
    [[nodiscard]] std::string of(const IpAddress& address) const;
    /// Verdicts that are not younger are void.
    [[nodiscard]] BootTime changed() const { return changed_; }

  private:
    std::map<Prefix, std::string> peers_;
    BootTime changed_{-1};
};

}  // namespace tollgate::policy

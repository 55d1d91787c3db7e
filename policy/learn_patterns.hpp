// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <tollgate/ip.hpp>

#include "policy/learn_service.hpp"

namespace tollgate::policy {

/// The smallest prefixes that hold these peers of the local network: at most one in each block of
/// private addresses (10.0.0.0/8, 192.168.0.0/16, fe80::/10, …), none narrower than a /24 or a /64.
[[nodiscard]] std::vector<Prefix> local_network(const std::set<IpAddress>& peers);

/// The widest prefix that a site may have with this address: a block of private addresses, else a
/// /24 or a /64. Wider ones lead into the internet.
[[nodiscard]] Prefix site_of(const IpAddress& address);

/// What only all services together tell about one: the local network, scans, ports that change.
/// What was seen on one link tells nothing about another.
class ServicePatterns {
  public:
    explicit ServicePatterns(const std::map<ServiceKey, ServiceEvidence>& services);

    /// The parts of the local network that these peers on a link are in, as text.
    [[nodiscard]] std::vector<std::string> network_of(Link link,
                                                      const std::vector<IpAddress>& peers) const;

    /// The remote tried many ports of the device in vain, or the device many silent peers on this
    /// port.
    [[nodiscard]] bool is_scan(const ServiceKey& key) const;

    /// A dynamic port (32768 or more) without a name that did not come back later, next to many
    /// like it.
    [[nodiscard]] bool is_ephemeral(const ServiceKey& key) const;

    /// The device broadcasts to so many ports that no list of them would be complete.
    [[nodiscard]] bool broadcasts_widely(const ServiceKey& key) const;

    /// The device itself speaks to multicast or broadcast addresses on this port.
    [[nodiscard]] bool takes_part(const ServiceKey& key) const;

  private:
    /// Direction, protocol and port on a link.
    using Port = std::tuple<Link, Direction, std::uint8_t, std::uint16_t>;
    using Remote = std::pair<Link, IpAddress>;
    [[nodiscard]] static Port port_of(const ServiceKey& key, Direction direction);
    /// The ports of the same protocol.
    [[nodiscard]] static Port protocol_of(const Port& port);

    std::map<Link, std::vector<Prefix>> networks_;
    std::map<Remote, std::set<Port>> probed_;     ///< by unanswered remotes
    std::map<Port, std::set<IpAddress>> silent_;  ///< peers that did not answer the device
    std::map<Port, bool> dynamic_;                ///< true: it came back later
    std::map<Port, std::size_t> passing_;         ///< dynamic ports that did not, by protocol_of()
    std::set<Port> groups_;
    std::map<Remote, std::size_t> broadcast_ports_;
};

}  // namespace tollgate::policy

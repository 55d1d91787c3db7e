// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tollgate/ip.hpp>
#include <tollgate/result.hpp>

#include "agent/system/interface.hpp"

/// Addresses and routes of the network namespace of this thread (rtnetlink(7)). Every function
/// waits for the kernel's answer.
namespace tollgate::agent {

/// Gives an interface an address; the kernel adds the route to its network. An IPv6 address is
/// usable at once (IFA_F_NODAD). @param interface  index
/// @return EEXIST: the interface has it; ENODEV; EPERM without CAP_NET_ADMIN
[[nodiscard]] Result<void> add_address(unsigned interface, const InterfaceAddress& address);
/// @return EADDRNOTAVAIL: the interface does not have it
[[nodiscard]] Result<void> remove_address(unsigned interface, const InterfaceAddress& address);

/// A route to a network without a gateway. @return EEXIST: there is a route to exactly that network
[[nodiscard]] Result<void> add_route(unsigned interface, const Prefix& network);
/// @return ESRCH: there is no such route
[[nodiscard]] Result<void> remove_route(unsigned interface, const Prefix& network);

/// The routes to networks without a gateway that lead through an interface: what add_route() makes,
/// whoever made them.
[[nodiscard]] Result<std::vector<Prefix>> routes_through(unsigned interface);

/// A text of up to 255 bytes that `ip link` shows as the interface's alias. Empty: none.
[[nodiscard]] Result<void> set_alias(unsigned interface, const std::string& text);
[[nodiscard]] Result<std::string> alias_of(unsigned interface);

/// Not every interface can be removed: EOPNOTSUPP.
[[nodiscard]] Result<void> remove_interface(unsigned interface);

/// @param mtu  bytes
[[nodiscard]] Result<void> set_mtu(unsigned interface, std::uint32_t mtu);

[[nodiscard]] Result<std::uint32_t> interface_mtu(unsigned interface);

/// From now on, when it is brought up. @return EAFNOSUPPORT: the host has no IPv6
[[nodiscard]] Result<void> forbid_link_local_address(unsigned interface);

/// How the kernel would send to an address.
struct Route {
    unsigned interface = 0;
    IpAddress next_hop;  ///< the destination itself if it is a neighbour
    IpAddress source;
    std::optional<std::uint32_t> mtu;  ///< of the way, if it is known; else the interface's holds
    bool is_plain = false;  ///< to another host, without a further header around the packet
};
struct RouteOptions {
    IpAddress source;        ///< that the packets will have; zeros: the kernel's choice
    unsigned interface = 0;  ///< that they have to leave by; 0: any
    std::uint32_t mark = 0;  ///< of the sender's socket
};
/// @return ENETUNREACH: there is no route; EINVAL: an IPv4 source that this host does not have
[[nodiscard]] Result<Route> find_route(const IpAddress& to, const RouteOptions& options);

struct Neighbour {
    MacAddress mac;
    bool is_stale = false;  ///< the kernel will only ask again once it sends something there itself
};
/// @return ENOENT, EHOSTUNREACH: its link-layer address is not known
[[nodiscard]] Result<Neighbour> find_neighbour(unsigned interface, const IpAddress& address);

/// The largest packet that this host sends towards an address: what the route says, else its
/// interface's MTU. @param mark  of the sender's socket @return ENETUNREACH: there is no route
[[nodiscard]] Result<std::uint32_t> route_mtu(const IpAddress& to, std::uint32_t mark);

/// The interface by which a packet with the source `from` leaves. @param mark  see above
/// @return ENETUNREACH: there is no route; EINVAL: `from` is IPv4 and no address of this host
[[nodiscard]] Result<unsigned> route_interface(const IpAddress& to,
                                               const IpAddress& from,
                                               std::uint32_t mark);

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#include "agent/system/routes.hpp"

#include <cerrno>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "agent/system/file_descriptor.hpp"
#include "agent/system/netlink.hpp"
#include "agent/system/privileged.hpp"

namespace tollgate::agent {

namespace {

using netlink::order;
using netlink::Request;

/// States of a neighbour whose link-layer address is known (the kernel's NUD_VALID).
constexpr unsigned kHasAddress =
    NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY;
constexpr std::uint8_t kIpv4Offset = 96;  // of an IPv4 prefix in the mapped form, bits

std::uint8_t wire_length(const Prefix& prefix) {
    return prefix.address.is_ipv4() ? static_cast<std::uint8_t>(prefix.length - kIpv4Offset)
                                    : prefix.length;
}

Request address_request(std::uint16_t type,
                        unsigned flags,
                        unsigned interface,
                        const InterfaceAddress& address) {
    ifaddrmsg body{};
    body.ifa_family = netlink::family_of(address.address);
    body.ifa_prefixlen = wire_length({address.address, address.network.length});
    body.ifa_flags = address.address.is_ipv4() ? 0 : IFA_F_NODAD;
    body.ifa_index = interface;
    Request request{type, flags | NLM_F_ACK, body};
    request.add(IFA_LOCAL, netlink::wire_bytes(address.address));
    request.add(IFA_ADDRESS, netlink::wire_bytes(address.address));
    return request;
}

Request route_request(std::uint16_t type,
                      unsigned flags,
                      unsigned interface,
                      const Prefix& network) {
    rtmsg body{};
    body.rtm_family = netlink::family_of(network.address);
    body.rtm_dst_len = wire_length(network);
    body.rtm_table = RT_TABLE_MAIN;
    body.rtm_protocol = RTPROT_STATIC;
    body.rtm_scope = network.address.is_ipv4() ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    body.rtm_type = RTN_UNICAST;
    Request request{type, flags | NLM_F_ACK, body};
    request.add(RTA_DST, netlink::wire_bytes(network.address));
    request.add(RTA_OIF, interface);
    return request;
}

/// The network of a route of ours; nothing: of another kind or through another interface.
std::optional<Prefix> read_route(std::span<const std::byte> message, unsigned interface) {
    rtmsg body{};
    if (message.size() < sizeof body) {
        return std::nullopt;
    }
    std::memcpy(&body, message.data(), sizeof body);
    const auto attributes = message.subspan(NLMSG_ALIGN(sizeof body));
    const auto network = netlink::find(attributes, RTA_DST);
    const bool is_ipv4 = body.rtm_family == AF_INET;
    if (body.rtm_table != RT_TABLE_MAIN || body.rtm_protocol != RTPROT_STATIC ||
        body.rtm_type != RTN_UNICAST || netlink::find_number(attributes, RTA_OIF) != interface ||
        network.size() != (is_ipv4 ? 4U : 16U)) {
        return std::nullopt;
    }
    return Prefix{netlink::address_of(network).value_or(IpAddress{}),
                  static_cast<std::uint8_t>(body.rtm_dst_len + (is_ipv4 ? kIpv4Offset : 0U))};
}

}  // namespace

Result<void> add_address(unsigned interface, const InterfaceAddress& address) {
    return order(address_request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, interface, address),
                 fmt::format("add the address {}", address.address.to_string()));
}

Result<void> remove_address(unsigned interface, const InterfaceAddress& address) {
    return order(address_request(RTM_DELADDR, 0, interface, address),
                 fmt::format("remove the address {}", address.address.to_string()));
}

Result<void> add_route(unsigned interface, const Prefix& network) {
    return order(route_request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, interface, network),
                 fmt::format("add the route to {}", network.to_string()));
}

Result<void> remove_route(unsigned interface, const Prefix& network) {
    return order(route_request(RTM_DELROUTE, 0, interface, network),
                 fmt::format("remove the route to {}", network.to_string()));
}

Result<std::vector<Prefix>> routes_through(unsigned interface) {
    std::vector<Prefix> routes;
    for (const int family : {AF_INET, AF_INET6}) {
        rtmsg body{};
        body.rtm_family = static_cast<std::uint8_t>(family);
        const auto read =
            netlink::list(Request{RTM_GETROUTE, NLM_F_DUMP, body}, [&](const auto& message) {
                if (const auto route = read_route(message, interface)) {
                    routes.push_back(*route);
                }
            });
        if (!read) {
            return Failure{read.error()};
        }
    }
    return routes;
}

Result<void> set_alias(unsigned interface, const std::string& text) {
    ifinfomsg body{};
    body.ifi_index = static_cast<int>(interface);
    Request request{RTM_NEWLINK, NLM_F_ACK, body};
    const void* const bytes = text.data();
    request.add(IFLA_IFALIAS, {static_cast<const std::uint8_t*>(bytes), text.size()});
    return order(request, fmt::format("call interface {} '{}'", interface, text));
}

Result<std::string> alias_of(unsigned interface) {
    ifinfomsg body{};
    body.ifi_index = static_cast<int>(interface);
    Request request{RTM_GETLINK, 0, body};
    netlink::Answer buffer{};
    const auto answer =
        netlink::ask(request, buffer, fmt::format("look at interface {}", interface));
    if (!answer) {
        return Failure{answer.error()};
    }
    const auto alias = netlink::find(netlink::attributes_of<ifinfomsg>(*answer), IFLA_IFALIAS);
    const void* const bytes = alias.data();
    const std::string_view text{static_cast<const char*>(bytes), alias.size()};
    return std::string{text.substr(0, text.find('\0'))};
}

Result<void> remove_interface(unsigned interface) {
    ifinfomsg body{};
    body.ifi_index = static_cast<int>(interface);
    return order(Request{RTM_DELLINK, NLM_F_ACK, body},
                 fmt::format("remove interface {}", interface));
}

Result<void> set_mtu(unsigned interface, std::uint32_t mtu) {
    ifinfomsg body{};
    body.ifi_index = static_cast<int>(interface);
    Request request{RTM_NEWLINK, NLM_F_ACK, body};
    request.add(IFLA_MTU, mtu);
    return order(request, fmt::format("set the MTU to {}", mtu));
}

// `ip link set NAME addrgenmode none`: an attribute in an attribute in an attribute.
Result<void> forbid_link_local_address(unsigned interface) {
    struct {
        rtattr family{.rta_len = 2 * sizeof(rtattr) + 4, .rta_type = AF_INET6};
        rtattr mode{.rta_len = sizeof(rtattr) + 1, .rta_type = IFLA_INET6_ADDR_GEN_MODE};
        std::array<std::uint8_t, 4> value{IN6_ADDR_GEN_MODE_NONE};
    } specific;
    std::array<std::uint8_t, sizeof specific> bytes{};
    std::memcpy(bytes.data(), &specific, sizeof specific);
    ifinfomsg body{};
    body.ifi_index = static_cast<int>(interface);
    Request request{RTM_NEWLINK, NLM_F_ACK, body};
    request.add(IFLA_AF_SPEC, bytes);
    return order(request, "have no link-local address");
}

Result<std::uint32_t> interface_mtu(unsigned interface) {
    const FileDescriptor socket{privileged::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    ifreq request{};
    interface_name(interface).copy(&request.ifr_name[0], IFNAMSIZ - 1);
    if (::ioctl(socket.get(), SIOCGIFMTU, &request) != 0) {
        return failure(errno, fmt::format("read the MTU of interface {}", interface));
    }
    return static_cast<std::uint32_t>(request.ifr_mtu);
}

Result<Route> find_route(const IpAddress& to, const RouteOptions& options) {
    rtmsg body{};
    body.rtm_family = netlink::family_of(to);
    body.rtm_dst_len = static_cast<std::uint8_t>(netlink::wire_bytes(to).size() * 8);
    body.rtm_src_len = options.source == IpAddress{} ? std::uint8_t{0} : body.rtm_dst_len;
    Request request{RTM_GETROUTE, 0, body};
    request.add(RTA_DST, netlink::wire_bytes(to));
    if (options.source != IpAddress{}) {
        request.add(RTA_SRC, netlink::wire_bytes(options.source));
    }
    if (options.interface != 0) {
        request.add(RTA_OIF, options.interface);
    }
    if (options.mark != 0) {
        request.add(RTA_MARK, options.mark);
    }
    netlink::Answer buffer{};
    const std::string what = fmt::format("find the route to {}", to.to_string());
    const auto answer = netlink::ask(request, buffer, what);
    if (!answer) {
        return Failure{answer.error()};
    }
    const auto found = netlink::body_of<rtmsg>(*answer);
    const auto attributes = netlink::attributes_of<rtmsg>(*answer);
    const auto interface = netlink::find_number(attributes, RTA_OIF);
    if (!found || !interface) {
        return failure(found ? ENETUNREACH : EPROTO, what);
    }
    Route route;
    route.interface = *interface;
    route.is_plain = found->rtm_type == RTN_UNICAST &&
                     netlink::find(attributes, RTA_ENCAP_TYPE).empty() &&
                     netlink::find(attributes, RTA_VIA).empty();
    route.next_hop = netlink::address_of(netlink::find(attributes, RTA_GATEWAY)).value_or(to);
    route.source =
        netlink::address_of(netlink::find(attributes, RTA_PREFSRC)).value_or(options.source);
    route.mtu = netlink::find_number(netlink::find(attributes, RTA_METRICS), RTAX_MTU);
    return route;
}

Result<std::uint32_t> route_mtu(const IpAddress& to, std::uint32_t mark) {
    const auto route = find_route(to, {.source = {}, .interface = 0, .mark = mark});
    if (!route) {
        return Failure{route.error()};
    }
    return route->mtu ? Result<std::uint32_t>{*route->mtu} : interface_mtu(route->interface);
}

Result<unsigned> route_interface(const IpAddress& to, const IpAddress& from, std::uint32_t mark) {
    const auto route = find_route(to, {.source = from, .interface = 0, .mark = mark});
    return route ? Result<unsigned>{route->interface} : Failure{route.error()};
}

Result<Neighbour> find_neighbour(unsigned interface, const IpAddress& address) {
    ndmsg body{};
    body.ndm_family = netlink::family_of(address);
    body.ndm_ifindex = static_cast<int>(interface);
    Request request{RTM_GETNEIGH, 0, body};
    request.add(NDA_DST, netlink::wire_bytes(address));
    netlink::Answer buffer{};
    const std::string what = fmt::format("find the neighbour {}", address.to_string());
    const auto answer = netlink::ask(request, buffer, what);
    if (!answer) {
        return Failure{answer.error()};
    }
    const auto found = netlink::body_of<ndmsg>(*answer);
    const auto mac = netlink::find(netlink::attributes_of<ndmsg>(*answer), NDA_LLADDR);
    Neighbour neighbour;
    if (!found || (found->ndm_state & kHasAddress) == 0 ||
        mac.size() != neighbour.mac.bytes.size()) {
        return failure(EHOSTUNREACH, what);
    }
    std::memcpy(neighbour.mac.bytes.data(), mac.data(), mac.size());
    neighbour.is_stale = (found->ndm_state & NUD_STALE) != 0;
    return neighbour;
}

}  // namespace tollgate::agent

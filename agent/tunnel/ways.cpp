// SPDX-License-Identifier: MIT
#include "agent/tunnel/ways.hpp"

#include <chrono>

#include <sys/socket.h>

#include "agent/system/file_descriptor.hpp"
#include "agent/system/privileged.hpp"
#include "agent/system/routes.hpp"
#include "agent/tunnel/udp_message.hpp"

namespace tollgate::agent {

namespace {

// The kernel does not look at the source of frames that are sent past it.
bool is_ours(const IpAddress& address, std::uint32_t scope) {
    const int family = address.is_ipv4() ? AF_INET : AF_INET6;
    const FileDescriptor socket{privileged::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    Endpoint endpoint;
    endpoint.address = address;
    endpoint.scope = scope;
    SocketAddress bound;
    bound.set(endpoint);
    return socket && privileged::bind(socket.get(), bound.get(), bound.size()) == 0;
}

// From the address that the peer has asked, as UdpLink: if it is ours and, for IPv4, the way leads
// through the interface that the peer came by.
Result<Route> route_of(const WayKey& key, std::uint32_t mark) {
    if (key.local != IpAddress{} && is_ours(key.local, key.scope)) {
        auto route =
            find_route(key.address, {.source = key.local, .interface = key.scope, .mark = mark});
        if (route && (!key.address.is_ipv4() || route->interface == key.local_interface)) {
            route->source = key.local;
            return route;
        }
    }
    return find_route(key.address, {.source = {}, .interface = key.scope, .mark = mark});
}

KnownWay ask(const WayKey& key, std::uint32_t mark) {
    KnownWay known;
    known.next_hop = key.address;
    const auto route = route_of(key, mark);
    if (!route || !route->is_plain || route->source == IpAddress{}) {
        return known;
    }
    known.next_hop = route->next_hop;
    known.mtu = route->mtu.value_or(0);
    known.way.source = route->source;
    const auto neighbour = find_neighbour(route->interface, route->next_hop);
    if (neighbour) {
        known.interface = route->interface;
        known.way.to = neighbour->mac;
        known.is_stale = neighbour->is_stale;
    }
    return known;
}

}  // namespace

Result<Ways> Ways::open() {
    auto watch = RouteWatch::open(RouteWatch::Subject::all);
    if (!watch) {
        return Failure{watch.error()};
    }
    return Ways{*std::move(watch)};
}

KnownWay& Ways::find(const Endpoint& to, std::uint32_t mark) {
    const WayKey key{to.address, to.local, to.local_interface, to.scope};
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    if (KnownWay* known = table_.find(key, now)) {
        return *known;
    }
    return table_.put(key, ask(key, mark), now);
}

bool Ways::read_news() {
    bool interfaces_changed = false;
    watch_.read([&](const RouteNews& news) {
        if (news.kind == RouteNews::Kind::neighbour) {
            table_.forget_neighbour(news.interface, news.address);
            return;
        }
        table_.clear();
        interfaces_changed = interfaces_changed || news.kind == RouteNews::Kind::interface;
    });
    return interfaces_changed;
}

}  // namespace tollgate::agent

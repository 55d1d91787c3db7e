// SPDX-License-Identifier: MIT
#include "agent/system/route_watch.hpp"

#include <array>
#include <cerrno>
#include <cstddef>

#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace tollgate::agent {

Result<RouteWatch> RouteWatch::open() {
    FileDescriptor socket{
        ::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE)};
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_RULE;
    const void* const bytes = &address;
    if (!socket || ::bind(socket.get(), static_cast<const sockaddr*>(bytes), sizeof address) != 0) {
        return failure(errno, "listen to changes of routes");
    }
    return RouteWatch{std::move(socket)};
}

// What has changed is not looked at: a message that there was no room for (ENOBUFS) is one, too.
bool RouteWatch::take() {
    bool has_changed = false;
    std::array<std::byte, 8192> message{};
    for (;;) {
        const ssize_t size = ::recv(socket_.get(), message.data(), message.size(), 0);
        if (size < 0 && errno != ENOBUFS && errno != EINTR) {
            return has_changed;
        }
        has_changed = true;
    }
}

}  // namespace tollgate::agent

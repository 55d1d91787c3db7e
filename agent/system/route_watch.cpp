// SPDX-License-Identifier: MIT
#include "agent/system/route_watch.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include <sys/socket.h>

#include "agent/system/netlink.hpp"
#include "agent/system/privileged.hpp"

namespace tollgate::agent {

namespace {

constexpr int kReadsMax = 64;
constexpr std::uint32_t kIpv4Groups =
    RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_RULE;
constexpr std::uint32_t kAllGroups =
    kIpv4Groups | RTMGRP_NEIGH | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE;

std::uint32_t groups_of(RouteWatch::Subject subject) {
    switch (subject) {
        case RouteWatch::Subject::interfaces:
            return RTMGRP_LINK;
        case RouteWatch::Subject::ipv4_routes:
            return kIpv4Groups;
        default:
            return kAllGroups;
    }
}

std::optional<RouteNews> news_of_neighbour(std::span<const std::byte> message) {
    const auto body = netlink::body_of<ndmsg>(message);
    const auto address =
        netlink::address_of(netlink::find(netlink::attributes_of<ndmsg>(message), NDA_DST));
    if (!body || !address) {
        return std::nullopt;  // of a bridge, say
    }
    return RouteNews{
        RouteNews::Kind::neighbour, static_cast<unsigned>(body->ndm_ifindex), *address};
}

std::optional<RouteNews> news_of(std::uint16_t type, std::span<const std::byte> message) {
    switch (type) {
        case RTM_NEWNEIGH:
        case RTM_DELNEIGH:
            return news_of_neighbour(message);
        case RTM_NEWLINK:
        case RTM_DELLINK: {
            const auto body = netlink::body_of<ifinfomsg>(message);
            return RouteNews{
                RouteNews::Kind::interface, body ? static_cast<unsigned>(body->ifi_index) : 0, {}};
        }
        default:
            return RouteNews{};
    }
}

void read_messages(std::span<const std::byte> bytes,
                   const std::function<void(const RouteNews&)>& tell) {
    while (bytes.size() >= sizeof(nlmsghdr)) {
        nlmsghdr header{};
        std::memcpy(&header, bytes.data(), sizeof header);
        if (header.nlmsg_len < sizeof header || header.nlmsg_len > bytes.size()) {
            return;
        }
        if (const auto news = news_of(header.nlmsg_type, bytes.first(header.nlmsg_len))) {
            tell(*news);
        }
        bytes = bytes.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), bytes.size()));
    }
}

}  // namespace

Result<RouteWatch> RouteWatch::open(Subject subject) {
    FileDescriptor socket{
        privileged::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE)};
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = groups_of(subject);
    const void* const bytes = &address;
    if (!socket || ::bind(socket.get(), static_cast<const sockaddr*>(bytes), sizeof address) != 0) {
        return failure(errno, "listen to changes of routes");
    }
    return RouteWatch{std::move(socket)};
}

void RouteWatch::read(const std::function<void(const RouteNews&)>& tell) const {
    std::array<std::byte, netlink::kAnswerBytes> buffer{};
    for (int i = 0; i < kReadsMax; ++i) {
        const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        if (size > 0) {
            read_messages({buffer.data(), static_cast<std::size_t>(size)}, tell);
        } else if (size < 0 && errno == ENOBUFS) {
            tell({});
        } else if (size == 0 || errno != EINTR) {
            return;
        }
    }
}

bool RouteWatch::take() const {
    bool has_changed = false;
    read([&](const RouteNews& /*news*/) { has_changed = true; });
    return has_changed;
}

}  // namespace tollgate::agent

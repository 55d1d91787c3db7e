// SPDX-License-Identifier: MIT
#include "agent/tunnel/udp_socket.hpp"

#include <cerrno>

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "agent/system/privileged.hpp"
#include "agent/tunnel/udp_message.hpp"

namespace tollgate::agent {

namespace {

bool set_option(const FileDescriptor& socket, int level, int option, int value) {
    return ::setsockopt(socket.get(), level, option, &value, sizeof value) == 0;
}

// Beyond net.core.[rw]mem_max with CAP_NET_ADMIN only.
void enlarge_buffer(const FileDescriptor& socket, int forced, int plain) {
    if (privileged::set_option(socket.get(), forced, kSocketBufferBytes) != 0) {
        set_option(socket, SOL_SOCKET, plain, kSocketBufferBytes);
    }
}

bool set_family_options(const FileDescriptor& socket, int family) {
    if (family == AF_INET) {
        return set_option(socket, IPPROTO_IP, IP_PKTINFO, 1) &&
               set_option(socket, IPPROTO_IP, IP_RECVTOS, 1) &&
               set_option(socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
    }
    return set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, 1) &&
           set_option(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
           set_option(socket, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
}

}  // namespace

Result<void> share_port(const FileDescriptor& socket) {
    if (privileged::set_option(socket.get(), SO_REUSEPORT, 1) != 0) {
        return failure(errno, "share a UDP port");
    }
    return {};
}

Result<FileDescriptor> open_udp_socket(int family, std::uint16_t port, PortUse use) {
    const auto context = [&] {
        return fmt::format("open UDP port {} of {}", port, family == AF_INET ? "IPv4" : "IPv6");
    };
    FileDescriptor socket{privileged::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!socket || !set_family_options(socket, family)) {
        return failure(errno, context());
    }
    if (auto shared = use == PortUse::shared ? share_port(socket) : Result<void>{}; !shared) {
        return Failure{shared.error()};
    }
    enlarge_buffer(socket, SO_RCVBUFFORCE, SO_RCVBUF);
    enlarge_buffer(socket, SO_SNDBUFFORCE, SO_SNDBUF);
    set_option(socket, SOL_SOCKET, SO_RXQ_OVFL, 1);
    set_option(socket, IPPROTO_UDP, UDP_GRO, 1);  // Linux 5.0; without it datagrams come singly
    SocketAddress any;
    any.set_any(family, port);
    if (privileged::bind(socket.get(), any.get(), any.size()) != 0) {
        return failure(errno, context());
    }
    return socket;
}

std::uint16_t bound_port(const FileDescriptor& socket) {
    sockaddr_in6 address{};  // the port is at the same place in both families
    socklen_t size = sizeof address;
    void* const bytes = &address;
    ::getsockname(socket.get(), static_cast<sockaddr*>(bytes), &size);
    return ntohs(address.sin6_port);
}

}  // namespace tollgate::agent

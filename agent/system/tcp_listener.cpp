// SPDX-License-Identifier: MIT
#include "agent/system/tcp_listener.hpp"

#include <cerrno>
#include <memory>

#include <netdb.h>
#include <sys/socket.h>

#include <fmt/format.h>

namespace tollgate::agent {

namespace {

constexpr int kWaitingMax = 64;

struct Release {
    void operator()(addrinfo* addresses) const { ::freeaddrinfo(addresses); }
};
using Addresses = std::unique_ptr<addrinfo, Release>;

}  // namespace

Result<FileDescriptor> listen_tcp(const std::string& host, std::uint16_t port) {
    const std::string place = fmt::format("listen on {}, port {}", host, port);
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (const int error =
            ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found);
        error != 0) {
        return failure(fmt::format("{}: {}", place, ::gai_strerror(error)));
    }
    const Addresses addresses{found};
    FileDescriptor socket{::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const int yes = 1;
    if (!socket || ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        ::bind(socket.get(), found->ai_addr, found->ai_addrlen) != 0 ||
        ::listen(socket.get(), kWaitingMax) != 0) {
        return failure(errno, place);
    }
    return socket;
}

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstring>
#include <thread>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include "agent/system/file_descriptor.hpp"
#include "agent/tunnel/udp_message.hpp"
#include "tests/support/netns.hpp"

/// Real sockets of the kernel at both ends of what is tested.
namespace tollgate::test {

using agent::FileDescriptor;
using Payload = std::vector<std::byte>;

inline Payload numbered(std::size_t size) {
    Payload bytes(size);
    for (std::size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<std::byte>(i * 131 + (i >> 8U) + (i >> 16U));
    }
    return bytes;
}

/// A socket of the namespace that is bound to the address, or else connected to it.
inline FileDescriptor socket_in(const NetworkNamespace& where,
                                int type,
                                const agent::Endpoint& endpoint,
                                bool is_bound) {
    const Inside there{where};
    const int family = endpoint.address.is_ipv4() ? AF_INET : AF_INET6;
    FileDescriptor socket{::socket(family, type | SOCK_CLOEXEC, 0)};
    const timeval patience{.tv_sec = 5, .tv_usec = 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    agent::SocketAddress address;
    address.set(endpoint);
    const int result = is_bound ? ::bind(socket.get(), address.get(), address.size())
                                : ::connect(socket.get(), address.get(), address.size());
    EXPECT_EQ(result, 0) << std::strerror(errno);
    return socket;
}

/// Sends the bytes over one TCP connection between two hosts. @return what arrived
inline Payload transfer(const NetworkNamespace& from,
                        const NetworkNamespace& to,
                        const agent::Endpoint& endpoint,
                        const Payload& bytes) {
    const FileDescriptor listener = socket_in(to, SOCK_STREAM, endpoint, true);
    EXPECT_EQ(::listen(listener.get(), 1), 0);
    std::thread sender{[&] {
        const FileDescriptor socket = socket_in(from, SOCK_STREAM, endpoint, false);
        for (std::size_t at = 0; at < bytes.size();) {
            const ssize_t sent = ::send(socket.get(), &bytes[at], bytes.size() - at, MSG_NOSIGNAL);
            if (sent <= 0) {
                break;
            }
            at += static_cast<std::size_t>(sent);
        }
    }};
    const FileDescriptor socket{::accept(listener.get(), nullptr, nullptr)};
    const timeval patience{.tv_sec = 5, .tv_usec = 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    Payload arrived;
    Payload chunk(1 << 18);
    for (ssize_t size = 0; (size = ::recv(socket.get(), chunk.data(), chunk.size(), 0)) > 0;) {
        arrived.insert(arrived.end(), chunk.begin(), chunk.begin() + size);
    }
    sender.join();
    return arrived;
}

}  // namespace tollgate::test

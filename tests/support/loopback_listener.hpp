// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::test {

/// A TCP port of 127.0.0.1 that accepts connections while it listens, and refuses them after
/// close().
class LoopbackListener {
  public:
    LoopbackListener() { listen(); }

    [[nodiscard]] std::uint16_t port() const { return port_; }
    void close() { socket_.reset(); }
    /// On the same port again.
    void listen() {
        socket_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const int on = 1;
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port_);
        void* const bytes = &address;
        socklen_t size = sizeof address;
        if (::bind(socket_.get(), static_cast<sockaddr*>(bytes), size) == 0 &&
            ::listen(socket_.get(), SOMAXCONN) == 0 &&
            ::getsockname(socket_.get(), static_cast<sockaddr*>(bytes), &size) == 0) {
            port_ = ntohs(address.sin_port);
        }
    }

  private:
    agent::FileDescriptor socket_;
    std::uint16_t port_ = 0;
};

}  // namespace tollgate::test

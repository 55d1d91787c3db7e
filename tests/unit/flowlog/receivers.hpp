// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "agent/system/file_descriptor.hpp"

/// Collectors on loopback that a test holds.
namespace tollgate::test {

inline bool wait_readable(int socket, int milliseconds) {
    pollfd entry{socket, POLLIN, 0};
    return ::poll(&entry, 1, milliseconds) > 0;
}

inline std::optional<std::string> read_some(int socket, int milliseconds) {
    std::array<char, 65536> buffer{};
    if (!wait_readable(socket, milliseconds)) {
        return std::nullopt;
    }
    const ssize_t size = ::recv(socket, buffer.data(), buffer.size(), 0);
    return size < 0 ? std::nullopt
                    : std::optional{std::string{buffer.data(), static_cast<std::size_t>(size)}};
}

/// A socket of 127.0.0.1; on the same port again after close().
class LoopbackSocket {
  public:
    explicit LoopbackSocket(int type) : type_{type} { open(); }

    void open() {
        socket_.reset(::socket(AF_INET, type_ | SOCK_CLOEXEC, 0));
        const int on = 1;
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port_);
        void* const bytes = &address;
        socklen_t size = sizeof address;
        if (::bind(socket_.get(), static_cast<sockaddr*>(bytes), size) == 0 &&
            ::getsockname(socket_.get(), static_cast<sockaddr*>(bytes), &size) == 0) {
            port_ = ntohs(address.sin_port);
        }
        if (type_ == SOCK_STREAM) {
            ::listen(socket_.get(), SOMAXCONN);
        }
    }
    void close() { socket_.reset(); }

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] int get() const { return socket_.get(); }
    /// One datagram.
    [[nodiscard]] std::optional<std::string> receive(int milliseconds = 0) const {
        return read_some(socket_.get(), milliseconds);
    }
    [[nodiscard]] agent::FileDescriptor accept(int milliseconds = 0) const {
        return wait_readable(socket_.get(), milliseconds)
                   ? agent::FileDescriptor{::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)}
                   : agent::FileDescriptor{};
    }

  private:
    int type_;
    agent::FileDescriptor socket_;
    std::uint16_t port_ = 0;
};

/// A datagram socket with a path, as /dev/log is.
class PathSocket {
  public:
    explicit PathSocket(std::filesystem::path path) : path_{std::move(path)} { open(); }

    void open() {
        std::filesystem::remove(path_);
        socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
        const void* const bytes = &address;
        if (::bind(socket_.get(), static_cast<const sockaddr*>(bytes), sizeof address) != 0) {
            throw std::runtime_error{"no socket at " + path_.string()};
        }
    }
    void close() {
        socket_.reset();
        std::filesystem::remove(path_);
    }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::optional<std::string> receive(int milliseconds = 0) const {
        return read_some(socket_.get(), milliseconds);
    }

  private:
    std::filesystem::path path_;
    agent::FileDescriptor socket_;
};

}  // namespace tollgate::test

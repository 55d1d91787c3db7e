// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/socket.h>

#include "agent/system/file_descriptor.hpp"
#include "tests/differential/edges.hpp"

/// Packets that are known again behind a firewall: their payload ends with a number.
namespace tollgate::test {

inline constexpr std::uint32_t kMarker = 0x70117012;  ///< in front of the number

using Numbers = std::set<std::uint32_t>;

inline agent::FileDescriptor open_socket(int family, int type, int protocol) {
    agent::FileDescriptor socket(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
    const int bytes = 64 << 20;
    setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
    return socket;
}

/// Packets with their numbers, as sockets receive them.
class Receivers {
  public:
    void add(agent::FileDescriptor socket) { sockets_.push_back(std::move(socket)); }

    /// The numbers that have arrived, when nothing more comes.
    [[nodiscard]] Numbers arrived() const {
        std::vector<pollfd> ready;
        for (const auto& socket : sockets_) {
            ready.push_back({socket.get(), POLLIN, 0});
        }
        Numbers numbers;
        while (poll(ready.data(), ready.size(), 60) > 0) {
            for (const pollfd& one : ready) {
                read(one.fd, numbers);
            }
        }
        return numbers;
    }

  private:
    static void read(int socket, Numbers& numbers) {
        std::array<std::byte, 2048> packet{};
        for (ssize_t size = 0;
             (size = recv(socket, packet.data(), packet.size(), MSG_DONTWAIT)) >= 0;) {
            const auto bytes = std::span(packet).first(static_cast<std::size_t>(size));
            if (size >= 8 && be32_at(bytes, bytes.size() - 8) == kMarker) {
                numbers.insert(be32_at(bytes, bytes.size() - 4));
            }
        }
    }
    std::vector<agent::FileDescriptor> sockets_;
};

}  // namespace tollgate::test

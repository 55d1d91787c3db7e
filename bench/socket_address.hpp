// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include <arpa/inet.h>
#include <sys/socket.h>

namespace tollgate::bench {

/// Of words from a command line.
inline sockaddr_in socket_address(const std::string& address, const std::string& port) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_port = htons(static_cast<std::uint16_t>(std::stoul(port)));
    inet_pton(AF_INET, address.c_str(), &result.sin_addr);
    return result;
}

/// As the sockets interface wants it.
inline const sockaddr* generic(const sockaddr_in& address) {
    return reinterpret_cast<const sockaddr*>(&address);  // NOLINT: the sockets interface
}

}  // namespace tollgate::bench

// SPDX-License-Identifier: MIT
#include "agent/tunnel/gso_probe.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>

#include "agent/system/file_descriptor.hpp"
#include "agent/tunnel/udp_message.hpp"

namespace tollgate::agent {

namespace {

constexpr std::size_t kSegment = 1200;
constexpr std::size_t kSegments = 4;
constexpr std::size_t kBytes = kSegment * kSegments - 100;
constexpr int kPatienceMs = 50;

FileDescriptor loopback_socket(sockaddr_in& address) {
    FileDescriptor socket{::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    void* const bytes = &address;
    auto* const generic = static_cast<sockaddr*>(bytes);
    socklen_t size = sizeof address;
    const bool is_bound = ::bind(socket.get(), generic, size) == 0 &&
                          ::getsockname(socket.get(), generic, &size) == 0;
    return is_bound ? std::move(socket) : FileDescriptor{};
}

bool next_is(const FileDescriptor& socket, const std::byte* expected, std::size_t size) {
    std::array<std::byte, kBytes> datagram{};
    pollfd ready{.fd = socket.get(), .events = POLLIN, .revents = 0};
    return ::poll(&ready, 1, kPatienceMs) == 1 &&
           ::recv(socket.get(), datagram.data(), datagram.size(), 0) ==
               static_cast<ssize_t>(size) &&
           std::equal(expected, expected + size, datagram.begin());
}

}  // namespace

std::optional<std::string> find_gso_fault() {
    sockaddr_in address{};
    sockaddr_in to{};
    const FileDescriptor sending = loopback_socket(address);
    const FileDescriptor receiving = loopback_socket(to);
    const void* const generic = &to;
    if (!sending || !receiving ||
        ::connect(sending.get(), static_cast<const sockaddr*>(generic), sizeof to) != 0) {
        return std::nullopt;
    }
    const int segment = kSegment;
    if (::setsockopt(sending.get(), IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment) != 0) {
        return "the kernel has no UDP_SEGMENT";
    }
    std::array<std::byte, kBytes> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<std::byte>(i % 251);
    }
    if (::send(sending.get(), bytes.data(), bytes.size(), 0) < 0) {
        return std::string{"UDP_SEGMENT fails on loopback: "} + std::strerror(errno);
    }
    for (std::size_t at = 0; at < bytes.size(); at += kSegment) {
        if (!next_is(receiving, &bytes[at], std::min(kSegment, bytes.size() - at))) {
            return "UDP_SEGMENT mangles datagrams on loopback";
        }
    }
    return std::nullopt;
}

}  // namespace tollgate::agent

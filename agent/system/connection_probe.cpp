// SPDX-License-Identifier: MIT
#include "agent/system/connection_probe.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <fmt/format.h>

namespace tollgate::agent {

namespace {

int connect_ipv4(int socket, const ConnectionProbe::Place& place) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(place.port);
    std::memcpy(&address.sin_addr, &place.address.bytes[12], sizeof address.sin_addr);
    const void* const bytes = &address;
    return ::connect(socket, static_cast<const sockaddr*>(bytes), sizeof address);
}

int connect_ipv6(int socket, const ConnectionProbe::Place& place) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(place.port);
    std::memcpy(&address.sin6_addr, place.address.bytes.data(), sizeof address.sin6_addr);
    const void* const bytes = &address;
    return ::connect(socket, static_cast<const sockaddr*>(bytes), sizeof address);
}

// @return none: it failed at once
FileDescriptor begin(const ConnectionProbe::Place& place) {
    const bool ipv4 = place.address.is_ipv4();
    FileDescriptor socket{
        ::socket(ipv4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!socket) {
        return socket;
    }
    const int begun = ipv4 ? connect_ipv4(socket.get(), place) : connect_ipv6(socket.get(), place);
    return begun == 0 || errno == EINPROGRESS ? std::move(socket) : FileDescriptor{};
}

bool is_settled(int socket) {
    pollfd entry{socket, POLLOUT, 0};
    return ::poll(&entry, 1, 0) > 0;
}

bool has_failed(int socket) {
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0;
}

}  // namespace

ConnectionProbe::ConnectionProbe(const std::vector<Place>& places) {
    for (const Place& place : places) {
        attempts_.push_back({place, {}, false});
    }
}

void ConnectionProbe::restart() {
    for (Attempt& attempt : attempts_) {
        attempt.socket.reset();
        attempt.accepted = false;
    }
}

bool ConnectionProbe::poll() {
    for (Attempt& attempt : attempts_) {
        if (attempt.accepted) {
            continue;
        }
        if (!attempt.socket) {
            attempt.socket = begin(attempt.place);
        }
        if (attempt.socket && is_settled(attempt.socket.get())) {
            attempt.accepted = !has_failed(attempt.socket.get());
            attempt.socket.reset();
        }
    }
    return std::all_of(attempts_.begin(), attempts_.end(), [](const Attempt& attempt) {
        return attempt.accepted;
    });
}

std::string ConnectionProbe::missing() const {
    std::string text;
    for (const Attempt& attempt : attempts_) {
        if (!attempt.accepted) {
            const std::string address = attempt.place.address.to_string();
            text += text.empty() ? "" : ", ";
            text += attempt.place.address.is_ipv4() ? address : "[" + address + "]";
            text += fmt::format(":{}", attempt.place.port);
        }
    }
    return text;
}

}  // namespace tollgate::agent

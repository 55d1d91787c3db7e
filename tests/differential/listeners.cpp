// SPDX-License-Identifier: MIT
#include "tests/differential/listeners.hpp"

#include <array>

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tollgate::test {
namespace {

agent::FileDescriptor listen_on(const Endpoint& endpoint) {
    const bool tcp = endpoint.first == IPPROTO_TCP;
    agent::FileDescriptor socket(
        ::socket(AF_INET6, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    any.sin6_port = htons(endpoint.second);
    const int on = 1;
    setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const auto* address = static_cast<const sockaddr*>(static_cast<const void*>(&any));
    const bool bound = bind(socket.get(), address, sizeof any) == 0;
    const bool listens = bound && (!tcp || listen(socket.get(), 16) == 0);
    return listens ? std::move(socket) : agent::FileDescriptor{};
}

bool take_one(const Endpoint& endpoint, int socket) {
    if (endpoint.first == IPPROTO_TCP) {
        const agent::FileDescriptor connection(accept(socket, nullptr, nullptr));
        return connection.get() >= 0;
    }
    std::array<char, 1> byte{};
    return recv(socket, byte.data(), byte.size(), 0) >= 0;
}

}  // namespace

Listeners::Listeners(const std::set<Endpoint>& endpoints) {
    constexpr rlim_t kMargin = 256;
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = std::max(files.rlim_cur, std::min(files.rlim_max, endpoints.size() + kMargin));
    setrlimit(RLIMIT_NOFILE, &files);
    for (const Endpoint& endpoint : endpoints) {
        if (auto socket = listen_on(endpoint); socket.get() >= 0) {
            sockets_.emplace_back(endpoint, std::move(socket));
        }
    }
}

std::map<Endpoint, std::size_t> Listeners::received() {
    std::map<Endpoint, std::size_t> counts;
    for (const auto& [endpoint, socket] : sockets_) {
        while (take_one(endpoint, socket.get())) {
            ++counts[endpoint];
        }
    }
    return counts;
}

}  // namespace tollgate::test

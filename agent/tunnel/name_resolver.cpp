// SPDX-License-Identifier: MIT
#include "agent/tunnel/name_resolver.hpp"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <fmt/format.h>

namespace tollgate::agent {

namespace {

struct FreeAddresses {
    void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

Endpoint endpoint_of(const addrinfo& entry, std::uint16_t port) {
    Endpoint endpoint;
    endpoint.port = port;
    if (entry.ai_family == AF_INET) {
        sockaddr_in ipv4{};
        std::memcpy(&ipv4, entry.ai_addr, sizeof ipv4);
        endpoint.address.bytes[10] = endpoint.address.bytes[11] = 0xff;
        std::memcpy(&endpoint.address.bytes[12], &ipv4.sin_addr, sizeof ipv4.sin_addr);
    } else {
        sockaddr_in6 ipv6{};
        std::memcpy(&ipv6, entry.ai_addr, sizeof ipv6);
        std::memcpy(endpoint.address.bytes.data(), &ipv6.sin6_addr, sizeof ipv6.sin6_addr);
        endpoint.scope = ipv6.sin6_scope_id;
    }
    return endpoint;
}

}  // namespace

Resolution resolve(const HostPort& name) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_DGRAM;
    addrinfo* head = nullptr;
    const int error = ::getaddrinfo(name.host.c_str(), nullptr, &hints, &head);
    if (error == EAI_SYSTEM) {
        return failure(errno, fmt::format("resolve {}", name.host));
    }
    if (error != 0) {
        return failure(fmt::format("resolve {}: {}", name.host, ::gai_strerror(error)));
    }
    const std::unique_ptr<addrinfo, FreeAddresses> list{head};
    std::vector<Endpoint> endpoints;
    for (const addrinfo* entry = head; entry != nullptr; entry = entry->ai_next) {
        if (entry->ai_family == AF_INET || entry->ai_family == AF_INET6) {
            endpoints.push_back(endpoint_of(*entry, name.port));
        }
    }
    return endpoints.empty() ? Resolution{failure(fmt::format("resolve {}: no address", name.host))}
                             : Resolution{std::move(endpoints)};
}

struct NameResolver::Shared {
    Lookup lookup;
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<HostPort> asked;  ///< the first is being looked up
    std::vector<Answer> answers;
    bool closed = false;
};

NameResolver::NameResolver(Lookup lookup) : shared_{std::make_shared<Shared>()} {
    shared_->lookup = std::move(lookup);
    std::thread{[shared = shared_] {
        work(shared);
    }}.detach();
}

NameResolver::~NameResolver() {
    const std::lock_guard lock{shared_->mutex};
    shared_->closed = true;
    shared_->changed.notify_one();
}

void NameResolver::ask(const HostPort& name) {
    const std::lock_guard lock{shared_->mutex};
    auto& asked = shared_->asked;
    if (std::find(asked.begin(), asked.end(), name) == asked.end()) {
        asked.push_back(name);
        shared_->changed.notify_one();
    }
}

std::vector<NameResolver::Answer> NameResolver::take() {
    const std::lock_guard lock{shared_->mutex};
    return std::exchange(shared_->answers, {});
}

void NameResolver::work(const std::shared_ptr<Shared>& shared) {
    std::unique_lock lock{shared->mutex};
    for (;;) {
        shared->changed.wait(lock, [&] { return shared->closed || !shared->asked.empty(); });
        if (shared->closed) {
            return;
        }
        const HostPort name = shared->asked.front();
        lock.unlock();
        Resolution resolution = shared->lookup(name);
        lock.lock();
        shared->asked.pop_front();
        shared->answers.push_back({name, std::move(resolution)});
    }
}

}  // namespace tollgate::agent

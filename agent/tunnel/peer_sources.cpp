// SPDX-License-Identifier: MIT
#include "agent/tunnel/peer_sources.hpp"

#include <algorithm>
#include <chrono>

namespace tollgate::agent {

using crypto::Instant;

namespace {

constexpr std::chrono::milliseconds kInterval{1};
constexpr std::chrono::milliseconds kBurst{100};

}  // namespace

PeerSources::~PeerSources() {
    for (const auto& [network, peers] : peers_) {
        gate_.forget_source(network);
    }
}

void PeerSources::add(const Endpoint& endpoint) {
    if (!endpoint.is_known()) {
        return;
    }
    const IpAddress network = initiator_network(endpoint.address);
    const std::lock_guard lock{mutex_};
    if (++peers_[network] == 1) {
        gate_.know_source(network);
    }
}

void PeerSources::remove(const Endpoint& endpoint) {
    const std::lock_guard lock{mutex_};
    const auto found = peers_.find(initiator_network(endpoint.address));
    if (!endpoint.is_known() || found == peers_.end()) {
        return;
    }
    if (--found->second == 0) {
        gate_.forget_source(found->first);
        peers_.erase(found);
    }
}

bool PeerSources::admit(const IpAddress& source, Instant now) {
    const std::lock_guard lock{mutex_};
    const Instant next = std::max(due_, now) + kInterval;
    if (next - now > kBurst || !peers_.contains(initiator_network(source)) ||
        !limiter_.allow(source, now)) {
        return false;
    }
    due_ = next;
    return true;
}

}  // namespace tollgate::agent

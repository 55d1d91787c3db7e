// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "agent/tunnel/allowed_ips.hpp"
#include "agent/tunnel/tunnel_config.hpp"

namespace tollgate::test {

/// A tunnel's configuration without a tunnel: does to DeviceState what a DeviceChange says.
class MemoryDevice {
  public:
    int apply(const agent::DeviceChange& change) {
        if (change.private_key) {
            set_private_key(*change.private_key);
        }
        state_.listen_port = change.listen_port.value_or(state_.listen_port);
        state_.fwmark = change.fwmark.value_or(state_.fwmark);
        if (change.replace_peers) {
            while (!state_.peers.empty()) {
                forget(state_.peers.front().public_key);
            }
        }
        return std::all_of(change.peers.begin(),
                           change.peers.end(),
                           [this](const agent::PeerChange& peer) { return apply(peer); })
                   ? 0
                   : ENOSPC;
    }

    [[nodiscard]] agent::DeviceState state() const {
        agent::DeviceState copy;
        copy.private_key = clone(state_.private_key);
        copy.listen_port = state_.listen_port;
        copy.fwmark = state_.fwmark;
        for (const agent::PeerState& peer : state_.peers) {
            agent::PeerState& added = copy.peers.emplace_back();
            added.public_key = peer.public_key;
            added.preshared_key = clone(peer.preshared_key);
            added.endpoint = peer.endpoint;
            added.last_handshake = peer.last_handshake;
            added.received_bytes = peer.received_bytes;
            added.sent_bytes = peer.sent_bytes;
            added.persistent_keepalive = peer.persistent_keepalive;
            allowed_ips_.for_each(numbers_.at(peer.public_key), [&](const Prefix& prefix) {
                added.allowed_ips.push_back(prefix);
            });
        }
        return copy;
    }

    /// For what no change can say: handshakes and traffic. @pre there is such a peer
    agent::PeerState& peer(const crypto::PublicKey& key) { return *find(key); }

  private:
    using Secret = crypto::Secret<crypto::kKeySize>;

    static std::optional<Secret> clone(const std::optional<Secret>& secret) {
        return secret ? std::optional{secret->clone()} : std::nullopt;
    }
    static std::optional<Secret> unless_zero(const Secret& secret) {
        return secret.is_zero() ? std::nullopt : std::optional{secret.clone()};
    }

    [[nodiscard]] std::vector<agent::PeerState>::iterator find(const crypto::PublicKey& key) {
        return std::find_if(state_.peers.begin(), state_.peers.end(), [&](const auto& peer) {
            return peer.public_key == key;
        });
    }

    [[nodiscard]] bool is_ours(const crypto::PublicKey& key) const {
        return state_.private_key && crypto::public_key_of(*state_.private_key) == key;
    }

    void set_private_key(const Secret& key) {
        state_.private_key = unless_zero(key);
        if (state_.private_key) {
            crypto::clamp(*state_.private_key);
            forget(crypto::public_key_of(*state_.private_key));
        }
    }

    void forget(const crypto::PublicKey& key) {
        if (const auto found = find(key); found != state_.peers.end()) {
            allowed_ips_.remove_all(numbers_.at(key));
            numbers_.erase(key);
            state_.peers.erase(found);
        }
    }

    bool apply(const agent::PeerChange& change) {
        auto found = find(change.public_key);
        if (change.remove) {
            forget(change.public_key);
            return true;
        }
        if (found == state_.peers.end()) {
            if (change.update_only || is_ours(change.public_key)) {
                return true;
            }
            numbers_[change.public_key] = next_number_++;
            state_.peers.emplace_back().public_key = change.public_key;
            found = state_.peers.end() - 1;
        }
        if (change.preshared_key) {
            found->preshared_key = unless_zero(*change.preshared_key);
        }
        found->endpoint = change.endpoint.value_or(found->endpoint);
        found->persistent_keepalive =
            change.persistent_keepalive.value_or(found->persistent_keepalive);
        return apply_allowed_ips(change);
    }

    bool apply_allowed_ips(const agent::PeerChange& change) {
        const std::uint32_t number = numbers_.at(change.public_key);
        if (change.replace_allowed_ips) {
            allowed_ips_.remove_all(number);
        }
        return std::ranges::all_of(change.allowed_ips, [&](const agent::AllowedIpChange& one) {
            if (one.remove) {
                allowed_ips_.remove(one.prefix, number);
                return true;
            }
            return allowed_ips_.insert(one.prefix, number);
        });
    }

    agent::DeviceState state_;
    agent::AllowedIps allowed_ips_;
    std::map<crypto::PublicKey, std::uint32_t> numbers_;
    std::uint32_t next_number_ = 0;
};

}  // namespace tollgate::test

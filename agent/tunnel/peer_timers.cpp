// SPDX-License-Identifier: MIT
#include "agent/tunnel/peer_timers.hpp"

#include <algorithm>

#include "crypto/keypair.hpp"

namespace tollgate::agent {

using crypto::Instant;
using crypto::kKeepaliveTimeout;
using crypto::kRejectAfterTime;
using crypto::kRekeyTimeout;

namespace {
constexpr std::chrono::seconds kRekeyAttemptTime{90};  // paper, 6.1
constexpr std::uint32_t kAttempts = kRekeyAttemptTime / kRekeyTimeout;
constexpr auto kForgetKeysAfter = 3 * kRejectAfterTime;
}  // namespace

void PeerTimers::initiation_sent(Instant now, std::chrono::milliseconds jitter) {
    at(Timer::retransmit) = now + kRekeyTimeout + jitter;
}

void PeerTimers::handshake_finished() {
    at(Timer::retransmit) = kNever;
    attempts_ = 0;
}

void PeerTimers::keys_derived(Instant now) {
    at(Timer::forget_keys) = now + kForgetKeysAfter;
}

void PeerTimers::data_sent(Instant now, std::chrono::milliseconds jitter) {
    if (!is_set(Timer::new_handshake)) {
        at(Timer::new_handshake) = now + kKeepaliveTimeout + kRekeyTimeout + jitter;
    }
}

void PeerTimers::data_received(Instant now) {
    if (is_set(Timer::keepalive)) {
        another_keepalive_ = true;
    } else {
        at(Timer::keepalive) = now + kKeepaliveTimeout;
    }
}

void PeerTimers::authenticated_sent() {
    at(Timer::keepalive) = kNever;
}

void PeerTimers::authenticated_received() {
    at(Timer::new_handshake) = kNever;
}

void PeerTimers::traversed(Instant now) {
    if (persistent_.count() > 0) {
        at(Timer::persistent) = now + persistent_;
    }
}

void PeerTimers::set_persistent_keepalive(std::chrono::seconds interval, Instant now) {
    persistent_ = interval;
    at(Timer::persistent) = interval.count() > 0 ? now : kNever;
}

void PeerTimers::stop() {
    at_.fill(kNever);
    attempts_ = 0;
    another_keepalive_ = false;
}

bool PeerTimers::take(Timer timer, Instant now) {
    if (at(timer) > now) {
        return false;
    }
    at(timer) = kNever;
    return true;
}

PeerTimers::Due PeerTimers::take_retransmit(Instant now) {
    if (attempts_ < kAttempts) {
        ++attempts_;
        return Due::retry_handshake;
    }
    at(Timer::keepalive) = kNever;
    if (!is_set(Timer::forget_keys)) {
        at(Timer::forget_keys) = now + kForgetKeysAfter;
    }
    return Due::give_up_handshake;
}

PeerTimers::Due PeerTimers::take(Instant now) {
    if (take(Timer::retransmit, now)) {
        return take_retransmit(now);
    }
    if (take(Timer::keepalive, now)) {
        if (another_keepalive_) {
            another_keepalive_ = false;
            at(Timer::keepalive) = now + kKeepaliveTimeout;
        }
        return Due::keepalive;
    }
    if (take(Timer::new_handshake, now)) {
        return Due::new_handshake;
    }
    if (take(Timer::persistent, now)) {
        return Due::persistent_keepalive;
    }
    return take(Timer::forget_keys, now) ? Due::forget_keys : Due::nothing;
}

Instant PeerTimers::next() const {
    return *std::min_element(at_.begin(), at_.end());
}

}  // namespace tollgate::agent

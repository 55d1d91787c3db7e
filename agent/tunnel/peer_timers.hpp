// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "crypto/bytes.hpp"

namespace tollgate::agent {

/// The timers of one peer (WireGuard paper, 6.1 to 6.5): what has happened goes in, what is due
/// comes out. Pure; every time is an Instant of the caller's clock.
class PeerTimers {
  public:
    /// What is due, in the order in which it is to be done.
    enum class Due : std::uint8_t {
        nothing,
        retry_handshake,    ///< no answer within rekey-timeout: initiate again
        give_up_handshake,  ///< for rekey-attempt-time: drop what is staged
        keepalive,          ///< data came, and we had nothing to say for keepalive-timeout
        new_handshake,      ///< data was sent, and nothing came back
        persistent_keepalive,
        forget_keys,  ///< nothing for three times reject-after-time
    };

    /// @param jitter  0 to 333 ms, new for each call, so that two peers do not stay in step
    void initiation_sent(crypto::Instant now, std::chrono::milliseconds jitter);
    /// The other side has proved that it has the keys, too.
    void handshake_finished();
    void keys_derived(crypto::Instant now);
    void data_sent(crypto::Instant now, std::chrono::milliseconds jitter);
    void data_received(crypto::Instant now);
    /// Anything authenticated: data, keepalive or handshake message.
    void authenticated_sent();
    void authenticated_received();
    /// Call for both of the above.
    void traversed(crypto::Instant now);

    /// Forgets the retries of an earlier handshake: this one is for new data.
    void begin_attempts() { attempts_ = 0; }
    /// Seconds; zero: off.
    void set_persistent_keepalive(std::chrono::seconds interval, crypto::Instant now);
    [[nodiscard]] std::chrono::seconds persistent_keepalive() const { return persistent_; }
    /// Whether a handshake has been begun and not been answered.
    [[nodiscard]] bool is_handshaking() const { return is_set(Timer::retransmit); }
    /// Initiations in a row that were not answered in time; the one under way may still be.
    [[nodiscard]] std::uint32_t unanswered() const { return is_handshaking() ? attempts_ : 0; }
    /// Disarms all.
    void stop();

    /// Takes one thing that is due; call until nothing is.
    [[nodiscard]] Due take(crypto::Instant now);
    /// When take() has something next; Instant::max(): never.
    [[nodiscard]] crypto::Instant next() const;

  private:
    enum class Timer : std::uint8_t {
        retransmit,
        keepalive,
        new_handshake,
        persistent,
        forget_keys
    };
    static constexpr std::size_t kTimers = 5;
    static constexpr crypto::Instant kNever = crypto::Instant::max();

    [[nodiscard]] crypto::Instant& at(Timer timer) { return at_[static_cast<std::size_t>(timer)]; }
    [[nodiscard]] bool is_set(Timer timer) const {
        return at_[static_cast<std::size_t>(timer)] != kNever;
    }
    [[nodiscard]] bool take(Timer timer, crypto::Instant now);
    [[nodiscard]] Due take_retransmit(crypto::Instant now);

    std::array<crypto::Instant, kTimers> at_{kNever, kNever, kNever, kNever, kNever};
    std::chrono::seconds persistent_{0};
    std::uint32_t attempts_ = 0;
    bool another_keepalive_ = false;
};

}  // namespace tollgate::agent

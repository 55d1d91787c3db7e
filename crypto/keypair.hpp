// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "crypto/bytes.hpp"
#include "crypto/handshake.hpp"
#include "crypto/replay_window.hpp"

namespace tollgate::crypto {

// WireGuard paper, 6.1.
inline constexpr std::uint64_t kRekeyAfterMessages = std::uint64_t{1} << 60U;
inline constexpr std::uint64_t kRejectAfterMessages = UINT64_MAX - ReplayWindow::kBits;
inline constexpr std::chrono::seconds kRekeyAfterTime{120};
inline constexpr std::chrono::seconds kRejectAfterTime{180};
inline constexpr std::chrono::seconds kRekeyTimeout{5};
inline constexpr std::chrono::seconds kKeepaliveTimeout{10};

/// The two keys of a finished handshake, and what was sent and received under them.
struct Keypair {
    Keypair(TransportSecrets finished, Instant now) : secrets{std::move(finished)}, born{now} {}

    /// Reserves `count` counters. @return the first, or nothing if that would pass
    /// kRejectAfterMessages or the keypair is too old
    [[nodiscard]] std::optional<std::uint64_t> take_counters(std::uint64_t count, Instant now);
    [[nodiscard]] bool is_expired(Instant now) const { return now - born >= kRejectAfterTime; }

    TransportSecrets secrets;
    Instant born;
    std::uint64_t next_counter = 0;
    ReplayWindow window;
};

/// A peer's keypairs: at most three. The responder may not send under a new one before the
/// initiator has used it (paper, 5.4.6), so that one waits as `next`.
class Keypairs {
  public:
    /// Called with the local index of each keypair that is given up.
    using Forget = std::function<void(std::uint32_t local_index)>;
    explicit Keypairs(Forget forget) : forget_{std::move(forget)} {}
    ~Keypairs() { clear(); }
    Keypairs(const Keypairs&) = delete;
    Keypairs& operator=(const Keypairs&) = delete;

    /// Takes the keypair of a handshake that has just finished: the initiator's is current at once,
    /// the responder's is next.
    void add(std::unique_ptr<Keypair> keypair);
    /// An authentic message came under `keypair`. @return true if it was next and is current now
    bool confirm(const Keypair& keypair);
    /// Wipes and forgets all.
    void clear();

    [[nodiscard]] Keypair* current() const { return current_.get(); }
    /// By local index; null if it is none of the three.
    [[nodiscard]] Keypair* find(std::uint32_t local_index) const;
    [[nodiscard]] bool empty() const { return !previous_ && !current_ && !next_; }

  private:
    void give_up(std::unique_ptr<Keypair>& keypair);

    Forget forget_;
    std::unique_ptr<Keypair> previous_;
    std::unique_ptr<Keypair> current_;
    std::unique_ptr<Keypair> next_;
};

}  // namespace tollgate::crypto

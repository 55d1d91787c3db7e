// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "crypto/bytes.hpp"
#include "crypto/handshake_macs.hpp"
#include "crypto/keys.hpp"

/// The stealth MAC: mac2 of an initiation shows that its sender has the secret of the site. An
/// extension of ours: WireGuard looks at mac2 only under load, and then asks for a cookie.
///
///     slot      = floor(Unix time / 120 s)
///     slot key  = BLAKE2s(key: secret, "stealth-" || slot as 8 bytes, little-endian), 32 bytes
///     mac2      = BLAKE2s(key: slot key, mac1), 16 bytes
///
/// mac1 stands for the message, because it is a hash of all that comes before it: who checks both
/// has checked the whole message, at the cost of one compression.
namespace tollgate::crypto {

inline constexpr std::chrono::seconds kStealthSlot{120};

using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

/// The keys that are good at a moment: of its slot, the one before and the one after. So clocks may
/// differ by kStealthSlot.
using StealthSlots = std::array<SymmetricKey, 3>;

/// The secret of a site and what follows from it. For one thread.
class StealthKey {
  public:
    explicit StealthKey(SymmetricKey site) : site_{std::move(site)} {}

    /// Number of the slot that a moment is in.
    [[nodiscard]] static std::int64_t slot_of(WallTime moment);
    /// When the next slot begins.
    [[nodiscard]] static WallTime slot_ends(WallTime moment);
    /// Valid until the next call of any member.
    [[nodiscard]] const StealthSlots& slots(WallTime now);

    /// Writes mac2 of an initiation that has its mac1.
    void seal(MutableBytes initiation, WallTime now);
    /// Whether mac2 fits to mac1, in constant time; whether mac1 is right is another question.
    [[nodiscard]] bool verify(HandshakeBytes initiation, WallTime now);

  private:
    SymmetricKey site_;
    StealthSlots slots_;
    std::optional<std::int64_t> slot_;  ///< that `slots_` are around
};

}  // namespace tollgate::crypto

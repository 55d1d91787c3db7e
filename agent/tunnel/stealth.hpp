// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "crypto/keys.hpp"

namespace tollgate::agent {

/// What a tunnel makes of the secret of the site (crypto/stealth.hpp). Numbers are indices of
/// kStealthModes.
enum class StealthMode : std::uint8_t {
    off,     ///< nothing
    send,    ///< our initiations have the stealth MAC; those of others need none
    strict,  ///< theirs need it, too: without, they are dropped and nothing is answered
};

inline constexpr std::array<std::string_view, 3> kStealthModes{"off", "send", "strict"};

[[nodiscard]] constexpr std::string_view label(StealthMode mode) {
    return kStealthModes.at(static_cast<std::size_t>(mode));
}

struct Stealth {
    StealthMode mode = StealthMode::off;
    crypto::SymmetricKey site;  ///< the secret; zeros if off

    [[nodiscard]] Stealth clone() const { return {mode, site.clone()}; }
    bool operator==(const Stealth&) const = default;
};

}  // namespace tollgate::agent

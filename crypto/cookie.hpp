// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include <tollgate/abi/wireguard.h>
#include <tollgate/ip.hpp>

#include "crypto/aead.hpp"
#include "crypto/blake2s.hpp"
#include "crypto/bytes.hpp"
#include "crypto/handshake_macs.hpp"
#include "crypto/keys.hpp"

namespace tollgate::crypto {

inline constexpr std::chrono::seconds kCookieRefreshTime{120};  // paper, 6.1
inline constexpr std::chrono::seconds kCookieSecretLatency{5};  // a cookie is not used in its last

/// Where a datagram comes from, as it counts for cookies and rate limits.
struct Source {
    IpAddress address;
    std::uint16_t port = 0;  ///< host order
    auto operator<=>(const Source&) const = default;
};

/// What proves that a sender receives at its address: a MAC over the 4 or 16 bytes of the address
/// and the port, big-endian.
[[nodiscard]] Mac cookie_of(const Secret<kKeySize>& secret, const Source& source);

/// The keys that are derived from a public key alone (paper, 5.4.4 and 5.4.7): anyone who knows it
/// can make them.
struct MacKeys {
    explicit MacKeys(const PublicKey& key);

    Hash mac1;            ///< Hash("mac1----" || key)
    SymmetricKey cookie;  ///< Hash("cookie--" || key)
};

/// The side that receives handshake messages: tells plausible from not, and hands out cookies.
class CookieChecker {
  public:
    enum class Verdict : std::uint8_t {
        bad_mac1,
        good_mac1,  ///< the sender knows our public key
        good_mac2,  ///< and receives at the address that it sends from
    };

    explicit CookieChecker(const PublicKey& ours) : keys_{ours} {}

    [[nodiscard]] Verdict check(HandshakeBytes message, const Source& source, Instant now);
    /// A cookie reply to a message with a good mac1.
    /// @param nonce  24 random bytes
    [[nodiscard]] tg_wg_cookie_reply reply(HandshakeBytes message,
                                           const Source& source,
                                           const CookieNonce& nonce,
                                           Instant now);

    /// The secrets whose cookies are good now: for a gate that checks mac2 before us.
    struct Secrets {
        const Secret<kKeySize>& current;
        const Secret<kKeySize>& previous;  ///< the same one if there is none
    };
    [[nodiscard]] Secrets secrets(Instant now);

  private:
    void renew(Instant now);

    MacKeys keys_;
    Secret<kKeySize> secret_;           ///< new every kCookieRefreshTime
    Secret<kKeySize> previous_secret_;  ///< its cookies are good for one more
    std::optional<Instant> renewed_;
    bool has_previous_ = false;
};

/// The side that sends them: writes both MACs and remembers a peer's cookie.
class CookieJar {
  public:
    explicit CookieJar(const PublicKey& theirs) : keys_{theirs} {}

    /// Writes mac1, and mac2 if a cookie is held, into the last 32 bytes.
    /// @return whether one is held; if not, mac2 is zeros
    bool seal(MutableBytes message, Instant now);
    /// Takes the cookie of a reply to the last message sealed. @return false, and nothing has
    /// changed, unless it is authentic
    [[nodiscard]] bool take(const tg_wg_cookie_reply& reply, Instant now);

  private:
    MacKeys keys_;
    std::optional<Mac> last_mac1_;
    std::optional<Mac> cookie_;
    Instant cookie_born_{0};
};

}  // namespace tollgate::crypto

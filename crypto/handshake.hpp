// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include <tollgate/abi/wireguard.h>

#include "crypto/keys.hpp"
#include "crypto/noise.hpp"
#include "crypto/tai64n.hpp"

namespace tollgate::crypto {

/// Our static keys.
struct Identity {
    explicit Identity(PrivateKey key)
        : private_key{std::move(key)}, public_key{public_key_of(private_key)} {}

    PrivateKey private_key;
    PublicKey public_key;
};

/// What we know of a peer before any message.
struct RemoteIdentity {
    PublicKey public_key;
    SharedSecret static_static;  ///< X25519 of both static keys: as secret as ours
    PresharedKey preshared;      ///< zeros: none
};
/// @return nothing if the key is not sound, or gives zeros with ours
[[nodiscard]] std::optional<RemoteIdentity> remote_identity(const Identity& local,
                                                            const PublicKey& key,
                                                            const PresharedKey& preshared);

/// The keys and indices that a finished handshake leaves.
struct TransportSecrets {
    SymmetricKey sending;
    SymmetricKey receiving;
    std::uint32_t local_index = 0;   ///< in messages to us
    std::uint32_t remote_index = 0;  ///< in messages from us
    bool is_initiator = false;
};

/// The initiator's half of Noise_IKpsk2 (paper, 5.4.2 and 5.4.3): one object is one handshake.
/// mac1 and mac2 of messages are the business of cookie.hpp.
class Initiator {
  public:
    /// Begins a handshake. `ephemeral` must be fresh from generate_private_key(); it is a parameter
    /// for the sake of known answers. @return nothing if a shared secret would be zeros
    [[nodiscard]] static std::optional<Initiator> begin(const Identity& local,
                                                        const RemoteIdentity& remote,
                                                        PrivateKey ephemeral,
                                                        const Tai64n& timestamp,
                                                        std::uint32_t sender_index);

    /// The message to send, with both MACs zero.
    [[nodiscard]] const tg_wg_initiation& message() const { return message_; }
    [[nodiscard]] std::uint32_t local_index() const;

    /// Ends the handshake with the peer's response, once: keys that came out twice would be used
    /// twice with the same counters. The preshared key is read now, so that a change of it counts.
    /// @return nothing, and the handshake can still end with another response, unless the message
    /// is authentic and for our index
    [[nodiscard]] std::optional<TransportSecrets> finish(const Identity& local,
                                                         const RemoteIdentity& remote,
                                                         const tg_wg_response& response);

  private:
    Initiator(PrivateKey ephemeral, SymmetricState state)
        : ephemeral_{std::move(ephemeral)}, state_{std::move(state)} {}

    std::optional<PrivateKey> ephemeral_;  ///< nothing once the handshake has ended
    SymmetricState state_;
    tg_wg_initiation message_{};
};

/// The responder's half, in the order in which trust grows: who is it, is it fresh, answer.
class Responder {
  public:
    /// Reads who sends the message: one X25519. @return nothing unless it is authentic so far; the
    /// static key is only that of a peer if the device finds it among its own
    [[nodiscard]] static std::optional<Responder> open(const Identity& local,
                                                       const tg_wg_initiation& message);

    [[nodiscard]] const PublicKey& remote_static() const { return remote_static_; }

    /// Reads the timestamp, which proves that the sender has the peer's private key. The device
    /// then refuses one that is not later than the last it accepted.
    /// @return nothing unless it is authentic
    [[nodiscard]] std::optional<Tai64n> read_timestamp(const RemoteIdentity& remote);

    struct Answer {
        tg_wg_response message;  ///< with both MACs zero
        TransportSecrets secrets;
    };
    /// Two X25519. @pre read_timestamp() succeeded
    /// @return nothing if a shared secret would be zeros
    [[nodiscard]] std::optional<Answer> answer(const RemoteIdentity& remote,
                                               const PrivateKey& ephemeral,
                                               std::uint32_t sender_index);

  private:
    explicit Responder(SymmetricState state) : state_{std::move(state)} {}

    SymmetricState state_;
    PublicKey remote_static_;
    PublicKey remote_ephemeral_;
    tg_wg_initiation message_{};
};

}  // namespace tollgate::crypto

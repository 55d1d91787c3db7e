// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <variant>

#include <tollgate/abi/wireguard.h>

#include "agent/report/metrics.hpp"
#include "agent/tunnel/handshake_limiter.hpp"
#include "agent/tunnel/initiation_inbox.hpp"
#include "agent/tunnel/link.hpp"
#include "agent/tunnel/peer_table.hpp"
#include "agent/tunnel/stealth.hpp"
#include "crypto/cookie.hpp"
#include "crypto/handshake.hpp"
#include "crypto/stealth.hpp"

namespace tollgate::agent {

/// What became of handshake messages; for metrics.
struct HandshakeCounters {
    std::uint64_t initiations_sent = 0;
    std::uint64_t responses_sent = 0;
    std::uint64_t cookies_sent = 0;
    std::uint64_t finished = 0;  ///< in either role
    std::uint64_t finished_as_initiator = 0;
    std::uint64_t unanswered = 0;  ///< initiations that had to be repeated
    std::uint64_t bad_length = 0;
    std::uint64_t bad_mac1 = 0;
    std::uint64_t no_stealth_mac = 0;  ///< initiations from outside the site
    std::uint64_t queue_full = 0;
    std::uint64_t rate_limited = 0;
    std::uint64_t unknown_peer = 0;
    std::uint64_t unknown_index = 0;  ///< or of a peer that another worker owns
    std::uint64_t misdirected = 0;    ///< initiations that reached another worker than the first
    std::uint64_t replayed = 0;       ///< an initiation that is not later than the last one
    std::uint64_t too_frequent = 0;
    std::uint64_t not_authentic = 0;

    /// Of those above, the responses to initiations of ours.
    struct Responses {
        std::uint64_t bad_mac1 = 0;
        std::uint64_t queue_full = 0;
        std::uint64_t rate_limited = 0;
        std::uint64_t not_authentic = 0;
    } responses;

    Durations durations;  ///< of those finished as the initiator

    HandshakeCounters& operator+=(const HandshakeCounters& other);
};

/// The handshakes of a worker's peers: sends initiations, and answers what is plausible.
/// Initiations of strangers come to the first worker, which lets them in and passes them to the
/// owner of the peer.
///
/// A message with a good mac1 waits in a bounded queue, so that X25519 never holds up the data of
/// others for long. The queue being an eighth full, or that of the owner of a peer quite, is what
/// "under load" means: from then on, for at least a second, a sender has to prove by a cookie that
/// it receives at its address, unless a peer is there, and each source gets only so many. Only the
/// first worker gives cookies; the others get nothing but responses to initiations of ours.
class Handshakes {
  public:
    /// The next timestamp for our initiations: later than all before, over restarts, too.
    using NextTimestamp =
        std::function<crypto::Tai64n(std::chrono::sys_time<std::chrono::nanoseconds> wall)>;

    /// Passes an initiation to the worker that owns the peer. @return false: it has too many
    using HandOver = std::function<bool(const Peer& peer, OpenedInitiation initiation)>;

    struct Parts {
        PeerTable& peers;
        OwnedPeers& owned;
        Link& link;
        TunnelGate& gate;  ///< is told what to demand of initiations, by the first worker
        NextTimestamp next_timestamp;
        HandOver hand_over = {};           ///< the first worker's, if there are others
        InitiationInbox* inbox = nullptr;  ///< null: of the first worker
    };
    explicit Handshakes(Parts parts);

    /// Null: no private key; all messages are refused.
    void set_identity(std::shared_ptr<const crypto::Identity> identity);

    void set_stealth(const Stealth& stealth);

    /// Sends an initiation, unless there is nowhere to send it to or one was sent within
    /// rekey-timeout.
    void initiate(Peer& peer, const Now& now);

    /// Gives up the handshake that we have begun, if any.
    void forget(Peer& peer);
    /// The same, and the next one need not wait for rekey-timeout.
    void abandon(Peer& peer);

    /// Takes a message of type 1 to 3 from the wire.
    void arrived(crypto::Bytes message, const Endpoint& from, const Now& now);

    /// Deals with one waiting message.
    /// @return the peer to which we can send now, as the initiator of a handshake that is finished:
    ///         the first packet must go out at once, because it tells the responder so. Null: none
    [[nodiscard]] Peer* process_one(const Now& now);
    /// The initiator has used the keypair that we, the responder, made: the handshake is finished.
    void finished(Peer& peer, const Now& now);
    /// A message, or an initiation that the first worker has let in.
    [[nodiscard]] bool has_waiting() const {
        return !waiting_.empty() || (inbox_ != nullptr && !inbox_->is_empty());
    }
    [[nodiscard]] bool is_under_load(crypto::Instant now) const;
    /// Tells the gate what to ask of initiations now.
    void tell_gate(const Now& now);
    /// When to call tell_gate() next, at the latest.
    [[nodiscard]] crypto::Instant next_demands(const Now& now) const;
    [[nodiscard]] const HandshakeCounters& counters() const { return counters_; }

  private:
    [[nodiscard]] bool is_first() const { return inbox_ == nullptr; }

    struct Waiting {
        std::variant<tg_wg_initiation, tg_wg_response> message;
        Endpoint from;
        bool has_cookie = false;  ///< its mac2 is good
    };
    /// What the gate was told.
    struct Told {
        bool under_load = false;
        bool takes_cookies = false;
        std::optional<std::int64_t> slot;  ///< of the stealth MAC
        bool operator==(const Told&) const = default;
    };

    void take_cookie(const tg_wg_cookie_reply& reply, const Now& now);
    template <typename Message>
    void queue(const Message& message, const Endpoint& from, const Now& now);
    [[nodiscard]] bool is_admitted(const Waiting& waiting, crypto::Bytes message, const Now& now);

    Peer* consume(const tg_wg_initiation& message, const Endpoint& from, const Now& now);
    void accept(OpenedInitiation initiation, const Now& now);
    Peer* consume(const tg_wg_response& message, const Endpoint& from, const Now& now);
    [[nodiscard]] bool is_fresh(Peer& peer, const crypto::Tai64n& timestamp, const Now& now);
    void respond(Peer& peer, crypto::Responder& responder, const Now& now);
    void begin_keypair(Peer& peer, crypto::TransportSecrets secrets, const Now& now);
    template <typename Message>
    void send(Peer& peer, Message message, const Now& now);

    PeerTable& peers_;
    OwnedPeers& owned_;
    Link& link_;
    TunnelGate& gate_;
    NextTimestamp next_timestamp_;
    HandOver hand_over_;
    InitiationInbox* inbox_;
    std::shared_ptr<const crypto::Identity> identity_;
    std::optional<crypto::CookieChecker> checker_;
    HandshakeLimiter limiter_;
    std::deque<Waiting> waiting_;
    bool is_turn_of_inbox_ = false;
    crypto::Instant under_load_until_{0};
    std::optional<crypto::StealthKey> stealth_;  ///< nothing: off
    bool strict_ = false;                        ///< initiations of others need the stealth MAC
    crypto::Instant cookies_until_{0};           ///< those that we have sent may be used so long
    std::optional<Told> told_ = Told{};          ///< nothing: to be told anew
    crypto::Instant told_at_{0};
    HandshakeCounters counters_;
};

/// Between 0 and 333 ms (paper, 6.1): so that two peers do not stay in step.
[[nodiscard]] std::chrono::milliseconds handshake_jitter();

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#include "agent/tunnel/handshakes.hpp"

#include <cstring>
#include <type_traits>
#include <utility>

#include <endian.h>

#include "crypto/random.hpp"

namespace tollgate::agent {

using crypto::Instant;

namespace {

constexpr std::size_t kWaitingMax = 1024;
constexpr std::size_t kLoadThreshold = kWaitingMax / 8;
constexpr std::chrono::seconds kLoadLasts{1};
constexpr std::chrono::milliseconds kInitiationInterval{20};  // 50 a second and peer
constexpr std::uint32_t kJitterMs = 334;
/// A handshake is begun anew when this is nearly over.
constexpr auto kAnswerLasts = crypto::kRekeyTimeout + std::chrono::seconds{1};
/// A cookie is of a secret that lives so long, and so does the one before it.
constexpr auto kCookieLasts = 2 * crypto::kCookieRefreshTime;
constexpr std::uint8_t kHandshakeTrafficClass = 0x88;  // AF41, as the Linux kernel does

template <typename Message>
crypto::Bytes bytes_of(const Message& message) {
    return std::as_bytes(std::span{&message, 1});
}

template <typename Message>
crypto::MutableBytes bytes_of(Message& message) {
    return std::as_writable_bytes(std::span{&message, 1});
}

template <typename Message>
std::optional<Message> message_of(crypto::Bytes bytes) {
    if (bytes.size() != sizeof(Message)) {
        return std::nullopt;
    }
    Message message;
    std::memcpy(&message, bytes.data(), sizeof message);
    return message;
}

crypto::Source source_of(const Endpoint& from) {
    return {from.address, from.port};
}

}  // namespace

std::chrono::milliseconds handshake_jitter() {
    return std::chrono::milliseconds{crypto::random_u32() % kJitterMs};
}

Handshakes::Handshakes(Parts parts)
    : peers_{parts.peers},
      owned_{parts.owned},
      link_{parts.link},
      gate_{parts.gate},
      next_timestamp_{std::move(parts.next_timestamp)},
      hand_over_{std::move(parts.hand_over)},
      inbox_{parts.inbox} {}

void Handshakes::set_identity(std::shared_ptr<const crypto::Identity> identity) {
    waiting_.clear();
    if (inbox_ != nullptr) {
        inbox_->clear();
    }
    checker_.reset();
    identity_ = std::move(identity);
    if (identity_) {
        checker_.emplace(identity_->public_key);
    }
}

bool Handshakes::is_under_load(Instant now) const {
    return waiting_.size() >= kLoadThreshold || now < under_load_until_;
}

void Handshakes::set_stealth(const Stealth& stealth) {
    stealth_.reset();
    if (stealth.mode != StealthMode::off) {
        stealth_.emplace(stealth.site.clone());
    }
    strict_ = stealth.mode == StealthMode::strict;
    told_.reset();  // the same slot has other keys now
}

// Cookies once a second, because their secrets change.
void Handshakes::tell_gate(const Now& now) {
    if (!is_first()) {
        return;
    }
    Told wanted;
    wanted.under_load = checker_ && is_under_load(now.boot);
    // Who holds a cookie sends it instead of the stealth MAC.
    wanted.takes_cookies =
        checker_ && (wanted.under_load || (strict_ && now.boot < cookies_until_));
    if (strict_) {
        wanted.slot = crypto::StealthKey::slot_of(now.wall);
    }
    if (wanted == told_ && !(wanted.takes_cookies && now.boot - told_at_ >= kLoadLasts)) {
        return;
    }
    told_ = wanted;
    told_at_ = now.boot;
    InitiationDemands demands;
    demands.cookie = wanted.under_load;
    if (wanted.takes_cookies) {
        demands.cookies.emplace(checker_->secrets(now.boot));
    }
    demands.stealth = strict_ ? &stealth_->slots(now.wall) : nullptr;
    gate_.demand(demands);
}

Instant Handshakes::next_demands(const Now& now) const {
    return strict_ && is_first() ? now.boot + (crypto::StealthKey::slot_ends(now.wall) - now.wall)
                                 : Instant::max();
}

void Handshakes::initiate(Peer& peer, const Now& now) {
    if (!identity_ || !peer.remote || !peer.endpoint.is_known()) {
        return;
    }
    if (peer.initiation_sent && now.boot - *peer.initiation_sent < crypto::kRekeyTimeout) {
        return;
    }
    const std::uint32_t index = owned_.new_index(peer);
    auto handshake = crypto::Initiator::begin(
        *identity_, *peer.remote, crypto::generate_private_key(), next_timestamp_(now.wall), index);
    if (!handshake) {
        owned_.forget_index(index);
        return;
    }
    counters_.unanswered += peer.handshake ? 1U : 0U;
    forget(peer);
    OwnedPeers::receiver(peer, index)
        .accept(GateReceiver::kResponse | GateReceiver::kCookieReply, now.boot + kAnswerLasts);
    peer.handshake = std::move(handshake);
    peer.timers.initiation_sent(now.boot, handshake_jitter());
    ++counters_.initiations_sent;
    peer.handshake_begun = now.boot;
    send(peer, peer.handshake->message(), now);
}

void Handshakes::forget(Peer& peer) {
    if (peer.handshake) {
        owned_.forget_index(peer.handshake->local_index());
        peer.handshake.reset();
    }
}

void Handshakes::abandon(Peer& peer) {
    forget(peer);
    peer.initiation_sent.reset();
}

template <typename Message>
void Handshakes::send(Peer& peer, Message message, const Now& now) {
    const bool has_cookie = peer.cookies.seal(bytes_of(message), now.boot);
    if constexpr (std::is_same_v<Message, tg_wg_initiation>) {
        if (stealth_ && !has_cookie) {
            stealth_->seal(bytes_of(message), now.wall);
        }
    }
    peer.initiation_sent = now.boot;
    peer.timers.authenticated_sent();
    peer.timers.traversed(now.boot);
    link_.send(peer.endpoint, bytes_of(message), sizeof message, kHandshakeTrafficClass);
    peer.sent.bytes += sizeof message;
    owned_.schedule(peer);
}

void Handshakes::arrived(crypto::Bytes message, const Endpoint& from, const Now& now) {
    if (const auto initiation = message_of<tg_wg_initiation>(message);
        initiation && initiation->type == htole32(TG_WG_INITIATION)) {
        if (!is_first()) {
            ++counters_.misdirected;
            return;
        }
        queue(*initiation, from, now);
    } else if (const auto response = message_of<tg_wg_response>(message);
               response && response->type == htole32(TG_WG_RESPONSE)) {
        queue(*response, from, now);
    } else if (const auto cookie = message_of<tg_wg_cookie_reply>(message);
               cookie && cookie->type == htole32(TG_WG_COOKIE_REPLY)) {
        take_cookie(*cookie, now);
    } else {
        ++counters_.bad_length;
    }
}

// A cookie reply proves nothing about where the peer is: its endpoint stays.
void Handshakes::take_cookie(const tg_wg_cookie_reply& reply, const Now& now) {
    Peer* peer = owned_.by_index(le32toh(reply.receiver_index));
    if (peer == nullptr) {
        ++counters_.unknown_index;
    } else if (!peer->cookies.take(reply, now.boot)) {
        ++counters_.not_authentic;
    }
}

template <typename Message>
void Handshakes::queue(const Message& message, const Endpoint& from, const Now& now) {
    if (!checker_) {
        return;
    }
    using Verdict = crypto::CookieChecker::Verdict;
    const Verdict verdict = checker_->check(bytes_of(message), source_of(from), now.boot);
    constexpr std::uint64_t kIsResponse = std::is_same_v<Message, tg_wg_response> ? 1 : 0;
    if (verdict == Verdict::bad_mac1) {
        ++counters_.bad_mac1;
        counters_.responses.bad_mac1 += kIsResponse;
        return;
    }
    if constexpr (std::is_same_v<Message, tg_wg_initiation>) {
        if (strict_ && verdict != Verdict::good_mac2 &&
            !stealth_->verify(bytes_of(message), now.wall)) {
            ++counters_.no_stealth_mac;
            return;
        }
    }
    if (waiting_.size() >= kWaitingMax) {
        ++counters_.queue_full;
        counters_.responses.queue_full += kIsResponse;
        return;
    }
    waiting_.push_back({message, from, verdict == Verdict::good_mac2});
}

bool Handshakes::is_admitted(const Waiting& waiting, crypto::Bytes message, const Now& now) {
    if (waiting_.size() + 1 >= kLoadThreshold) {
        under_load_until_ = now.boot + kLoadLasts;
    }
    if (!is_under_load(now.boot)) {
        return true;
    }
    if (!waiting.has_cookie && peers_.sources().admit(waiting.from.address, now.boot)) {
        return true;
    }
    // Initiations are checked for those of the first, and carry one instead of the stealth MAC.
    if (!waiting.has_cookie && is_first()) {
        crypto::CookieNonce nonce;
        crypto::fill_random(nonce);
        const tg_wg_cookie_reply reply =
            checker_->reply(message, source_of(waiting.from), nonce, now.boot);
        ++counters_.cookies_sent;
        if (counters_.cookies_sent % kLoadThreshold == 0) {
            // Each of them would have been work, so the load lasts as long as they come.
            under_load_until_ = now.boot + kLoadLasts;
        }
        cookies_until_ = now.boot + kCookieLasts;
        link_.send(waiting.from, bytes_of(reply), sizeof reply, kHandshakeTrafficClass);
        return false;
    }
    const bool allowed = limiter_.allow(waiting.from.address, now.boot);
    if (!allowed) {
        ++counters_.rate_limited;
        counters_.responses.rate_limited += message.size() == sizeof(tg_wg_response) ? 1U : 0U;
    }
    return allowed;
}

// In turn: a flood of initiations holds up no response to ours, nor the other way round.
Peer* Handshakes::process_one(const Now& now) {
    is_turn_of_inbox_ = inbox_ != nullptr && (!is_turn_of_inbox_ || waiting_.empty());
    if (auto opened = is_turn_of_inbox_ ? inbox_->take() : std::nullopt) {
        accept(*std::move(opened), now);
        return nullptr;
    }
    const Waiting waiting = waiting_.front();
    waiting_.pop_front();
    return std::visit(
        [&](const auto& message) -> Peer* {
            if (!is_admitted(waiting, bytes_of(message), now)) {
                return nullptr;
            }
            return consume(message, waiting.from, now);
        },
        waiting.message);
}

Peer* Handshakes::consume(const tg_wg_initiation& message, const Endpoint& from, const Now& now) {
    auto responder = crypto::Responder::open(*identity_, message);
    if (!responder) {
        ++counters_.not_authentic;
        return nullptr;
    }
    OpenedInitiation initiation{*std::move(responder), from};
    const Peer* peer = peers_.find(initiation.responder.remote_static());
    if (peer == nullptr || owned_.owns(*peer)) {
        accept(std::move(initiation), now);
        return nullptr;
    }
    initiation.from.local_routes = Endpoint::kRoutesUnknown;
    if (!hand_over_(*peer, std::move(initiation))) {
        ++counters_.queue_full;
        under_load_until_ = now.boot + kLoadLasts;
    }
    return nullptr;
}

// The peers may have changed since the first worker looked.
void Handshakes::accept(OpenedInitiation initiation, const Now& now) {
    auto& [responder, from] = initiation;
    Peer* peer = identity_ ? peers_.find(responder.remote_static()) : nullptr;
    if (peer == nullptr || !peer->remote || !owned_.owns(*peer)) {
        ++counters_.unknown_peer;
        return;
    }
    const auto timestamp = responder.read_timestamp(*peer->remote);
    if (!timestamp) {
        ++counters_.not_authentic;
        return;
    }
    if (!is_fresh(*peer, *timestamp, now)) {
        return;
    }
    peers_.set_endpoint(*peer, from);
    peer->received.bytes += sizeof(tg_wg_initiation);
    respond(*peer, responder, now);
}

bool Handshakes::is_fresh(Peer& peer, const crypto::Tai64n& timestamp, const Now& now) {
    if (peer.latest_timestamp && timestamp <= *peer.latest_timestamp) {
        ++counters_.replayed;
        return false;
    }
    if (peer.initiation_accepted && now.boot - *peer.initiation_accepted < kInitiationInterval) {
        ++counters_.too_frequent;
        return false;
    }
    peer.latest_timestamp = timestamp;
    peer.initiation_accepted = now.boot;
    return true;
}

void Handshakes::respond(Peer& peer, crypto::Responder& responder, const Now& now) {
    const std::uint32_t index = owned_.new_index(peer);
    auto answer = responder.answer(*peer.remote, crypto::generate_private_key(), index);
    if (!answer) {
        owned_.forget_index(index);
        ++counters_.not_authentic;
        return;
    }
    peer.timers.authenticated_received();
    ++counters_.responses_sent;
    begin_keypair(peer, std::move(answer->secrets), now);
    send(peer, answer->message, now);
}

Peer* Handshakes::consume(const tg_wg_response& message, const Endpoint& from, const Now& now) {
    Peer* peer = owned_.by_index(le32toh(message.receiver_index));
    if (peer == nullptr || !peer->handshake || !peer->remote) {
        ++counters_.unknown_index;
        return nullptr;
    }
    auto secrets = peer->handshake->finish(*identity_, *peer->remote, message);
    if (!secrets) {
        ++counters_.not_authentic;
        ++counters_.responses.not_authentic;
        return nullptr;
    }
    peer->handshake.reset();  // its index is the keypair's now
    peers_.set_endpoint(*peer, from);
    peer->received.bytes += sizeof message;
    peer->timers.authenticated_received();
    peer->timers.traversed(now.boot);
    begin_keypair(*peer, std::move(*secrets), now);
    ++counters_.finished_as_initiator;
    counters_.durations.add(
        std::chrono::duration<double>{now.boot - peer->handshake_begun}.count());
    finished(*peer, now);
    return peer;
}

// The responder's message may be answered by a cookie instead of data.
void Handshakes::begin_keypair(Peer& peer, crypto::TransportSecrets secrets, const Now& now) {
    OwnedPeers::receiver(peer, secrets.local_index)
        .accept(secrets.is_initiator ? GateReceiver::kData
                                     : GateReceiver::kData | GateReceiver::kCookieReply,
                now.boot + crypto::kRejectAfterTime);
    peer.keypairs.add(std::make_unique<crypto::Keypair>(std::move(secrets), now.boot));
    peer.timers.keys_derived(now.boot);
    owned_.schedule(peer);
}

void Handshakes::finished(Peer& peer, const Now& now) {
    ++counters_.finished;
    peer.last_handshake = now.wall;
    peer.sent_last_minute_handshake = false;
    peer.timers.handshake_finished();
    owned_.schedule(peer);
}

}  // namespace tollgate::agent

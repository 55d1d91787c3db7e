// SPDX-License-Identifier: MIT
#include "crypto/cookie.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include <endian.h>

namespace tollgate::crypto {

namespace {

using namespace std::string_view_literals;

constexpr std::size_t kIpv4Offset = 12;        // in an IPv4-mapped address
constexpr std::size_t kSenderIndexOffset = 4;  // in both handshake messages

Hash label_hash(std::string_view label, const PublicKey& key) {
    return hash({std::as_bytes(std::span{label}), key.bytes});
}

}  // namespace

Mac cookie_of(const Secret<kKeySize>& secret, const Source& source) {
    std::array<std::byte, sizeof source.address.bytes + sizeof source.port> input{};
    const Bytes address = std::as_bytes(std::span{source.address.bytes})
                              .subspan(source.address.is_ipv4() ? kIpv4Offset : 0);
    std::ranges::copy(address, input.begin());
    const std::uint16_t port = htobe16(source.port);
    std::memcpy(&input.at(address.size()), &port, sizeof port);
    return mac(secret.bytes(), Bytes{input}.first(address.size() + sizeof port));
}

MacKeys::MacKeys(const PublicKey& key)
    : mac1{label_hash("mac1----"sv, key)}, cookie{label_hash("cookie--"sv, key)} {}

CookieChecker::Verdict CookieChecker::check(HandshakeBytes message,
                                            const Source& source,
                                            Instant now) {
    if (!is_mac(mac(keys_.mac1, before_mac1(message)), mac1_of(message))) {
        return Verdict::bad_mac1;
    }
    const Bytes mac2 = mac2_of(message);
    if (std::ranges::all_of(mac2, [](std::byte byte) { return byte == std::byte{0}; })) {
        return Verdict::good_mac1;  // as all senders without a cookie write it
    }
    renew(now);
    const auto proves = [&](const Secret<kKeySize>& secret) {
        return is_mac(mac(cookie_of(secret, source), before_mac2(message)), mac2);
    };
    if (proves(secret_) || (has_previous_ && proves(previous_secret_))) {
        return Verdict::good_mac2;
    }
    return Verdict::good_mac1;
}

tg_wg_cookie_reply CookieChecker::reply(HandshakeBytes message,
                                        const Source& source,
                                        const CookieNonce& nonce,
                                        Instant now) {
    renew(now);
    tg_wg_cookie_reply reply{};
    reply.type = htole32(TG_WG_COOKIE_REPLY);
    std::memcpy(&reply.receiver_index,
                message.subspan(kSenderIndexOffset).data(),
                sizeof reply.receiver_index);
    std::ranges::copy(nonce, std::as_writable_bytes(std::span{reply.nonce}).begin());
    seal_cookie(keys_.cookie,
                nonce,
                cookie_of(secret_, source),
                mac1_of(message),
                std::as_writable_bytes(std::span{reply.sealed_cookie}));
    return reply;
}

CookieChecker::Secrets CookieChecker::secrets(Instant now) {
    renew(now);
    return {secret_, has_previous_ ? previous_secret_ : secret_};
}

void CookieChecker::renew(Instant now) {
    const auto age = renewed_ ? (now - *renewed_) / kCookieRefreshTime : 0;
    if (renewed_ && age < 1) {
        return;
    }
    has_previous_ = age == 1;
    previous_secret_ = std::exchange(secret_, generate_preshared_key());
    // Kept in step with the first: a secret that nobody asked for still grows old.
    renewed_ = renewed_ ? *renewed_ + age * kCookieRefreshTime : now;
}

bool CookieJar::seal(MutableBytes message, Instant now) {
    last_mac1_ = mac(keys_.mac1, before_mac1(message));
    const MutableBytes macs = message.last(2 * kMacSize);
    std::ranges::copy(*last_mac1_, macs.begin());

    if (cookie_ && now - cookie_born_ >= kCookieRefreshTime - kCookieSecretLatency) {
        cookie_.reset();
    }
    const Mac mac2 = cookie_ ? mac(*cookie_, before_mac2(message)) : Mac{};
    std::ranges::copy(mac2, macs.last(kMacSize).begin());
    return cookie_.has_value();
}

bool CookieJar::take(const tg_wg_cookie_reply& reply, Instant now) {
    if (!last_mac1_ || reply.type != htole32(TG_WG_COOKIE_REPLY)) {
        return false;
    }
    CookieNonce nonce{};
    std::ranges::copy(std::as_bytes(std::span{reply.nonce}), nonce.begin());
    Mac cookie{};
    if (!open_cookie(keys_.cookie,
                     nonce,
                     std::as_bytes(std::span{reply.sealed_cookie}),
                     *last_mac1_,
                     cookie)) {
        return false;
    }
    last_mac1_.reset();
    cookie_ = cookie;
    cookie_born_ = now;
    return true;
}

}  // namespace tollgate::crypto

// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "crypto/cookie.hpp"
#include "tests/support/handshake.hpp"

namespace {

using namespace tollgate;
using Input = std::span<const std::uint8_t>;

constexpr crypto::Instant kNow = std::chrono::hours{1};
constexpr std::size_t kIndexOffset = 4;  // what is neither type nor sealed: a sender or a receiver
constexpr std::size_t kIndexEnd = 8;

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

const test::Hosts& hosts() {
    static test::Hosts made;
    return made;
}

/// The message with the input laid over it, bit by bit: any message can be the result, and those
/// close to a genuine one are close to no input at all.
template <typename Message>
Message changed(Message message, Input input) {
    const auto bytes = test::wire(message);
    for (std::size_t at = 0; at < std::min(bytes.size(), input.size()); ++at) {
        bytes[at] ^= std::byte{input[at]};
    }
    return message;
}

/// Whether all that proves the sender is as it was: the type and the bytes of [from, to).
template <typename Message>
bool is_genuine(const Message& message, const Message& genuine, std::size_t from, std::size_t to) {
    const auto same = [&](std::size_t begin, std::size_t end) {
        return std::ranges::equal(test::wire(message).subspan(begin, end - begin),
                                  test::wire(genuine).subspan(begin, end - begin));
    };
    return same(0, kIndexOffset) && same(from, to);
}

void fuzz_initiation(Input input) {
    static tg_wg_initiation genuine = hosts().begin().message();
    const tg_wg_initiation message = changed(genuine, input);
    const bool accepted = hosts().answer(message).has_value();
    check(accepted == is_genuine(message, genuine, kIndexEnd, offsetof(tg_wg_initiation, mac1)));
}

void fuzz_response(Input input) {
    crypto::Initiator initiator = hosts().begin();
    const tg_wg_response genuine = hosts().answer(initiator.message())->message;
    const tg_wg_response message = changed(genuine, input);
    const bool accepted = hosts().finish(initiator, message).has_value();
    check(accepted == is_genuine(message, genuine, kIndexEnd, offsetof(tg_wg_response, mac1)));
    check(accepted != hosts().finish(initiator, genuine).has_value());
}

void fuzz_cookie_reply(Input input) {
    const crypto::PublicKey& receiver = hosts().bob.public_key;
    static crypto::CookieChecker checker{receiver};
    crypto::CookieJar jar{receiver};
    tg_wg_initiation initiation{};
    jar.seal(test::wire(initiation), kNow);
    const tg_wg_cookie_reply genuine = checker.reply(test::wire(initiation), {}, {}, kNow);
    const tg_wg_cookie_reply message = changed(genuine, input);
    const bool accepted = jar.take(message, kNow);
    check(accepted == is_genuine(message, genuine, kIndexEnd, sizeof genuine));
    check(accepted != jar.take(genuine, kNow));
    jar.seal(test::wire(initiation), kNow);
    check(checker.check(test::wire(initiation), {}, kNow) ==
          crypto::CookieChecker::Verdict::good_mac2);
}

/// Both sizes of message, with both MACs.
template <typename Message>
void fuzz_macs(Input input) {
    using Verdict = crypto::CookieChecker::Verdict;
    static crypto::CookieChecker checker{hosts().bob.public_key};
    crypto::CookieJar jar{hosts().bob.public_key};
    Message genuine{};
    jar.seal(test::wire(genuine), kNow);
    check(jar.take(checker.reply(test::wire(genuine), {}, {}, kNow), kNow));
    jar.seal(test::wire(genuine), kNow);

    const Message message = changed(genuine, input);
    const Verdict verdict = checker.check(test::wire(message), {}, kNow);
    const bool mac1 = is_genuine(message, genuine, 0, offsetof(Message, mac2));
    const bool mac2 = mac1 && is_genuine(message, genuine, 0, sizeof genuine);
    check((verdict != Verdict::bad_mac1) == mac1);
    check((verdict == Verdict::good_mac2) == mac2);
}

}  // namespace

// The first byte says what is attacked. A message is accepted if, and only if, it is the genuine
// one; a refused one changes nothing: the genuine one is accepted after it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const Input input{bytes, size};
    if (input.empty()) {
        return 0;
    }
    constexpr void (*kTargets[])(Input) = {fuzz_initiation,
                                           fuzz_response,
                                           fuzz_cookie_reply,
                                           fuzz_macs<tg_wg_initiation>,
                                           fuzz_macs<tg_wg_response>};
    kTargets[input.front() % std::size(kTargets)](input.subspan(1));
    return 0;
}

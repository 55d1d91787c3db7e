// SPDX-License-Identifier: MIT
/// What handshakes cost on one core, and what a peer costs in memory.
#include <chrono>
#include <cstddef>
#include <span>

#include <benchmark/benchmark.h>

#include "crypto/cookie.hpp"
#include "crypto/handshake.hpp"
#include "crypto/keypair.hpp"

namespace {

using namespace tollgate;
using crypto::Identity;
using crypto::Initiator;
using crypto::RemoteIdentity;

constexpr crypto::Instant kNow = std::chrono::hours{1};
constexpr std::uint32_t kIndex = 1;

template <typename Message>
crypto::MutableBytes wire(Message& message) {
    return std::as_writable_bytes(std::span{&message, 1});
}

/// Two hosts that know each other.
struct Hosts {
    Identity initiator{crypto::generate_private_key()};
    Identity responder{crypto::generate_private_key()};
    RemoteIdentity to_responder =
        remote_identity(initiator, responder.public_key, crypto::PresharedKey{}).value();
    RemoteIdentity to_initiator =
        remote_identity(responder, initiator.public_key, crypto::PresharedKey{}).value();
    crypto::CookieChecker checker{responder.public_key};
    crypto::CookieJar jar_of_initiator{responder.public_key};
    crypto::CookieJar jar_of_responder{initiator.public_key};

    Initiator begin() {
        return Initiator::begin(initiator, to_responder, crypto::generate_private_key(), {}, kIndex)
            .value();
    }
    tg_wg_initiation initiation() {
        tg_wg_initiation message = begin().message();
        jar_of_initiator.seal(wire(message), kNow);
        return message;
    }
    /// All that the responder does for an initiation of a peer.
    std::optional<crypto::Responder::Answer> respond(tg_wg_initiation& message) {
        if (checker.check(wire(message), {}, kNow) == crypto::CookieChecker::Verdict::bad_mac1) {
            return std::nullopt;
        }
        auto opened = crypto::Responder::open(responder, message);
        if (!opened || !opened->read_timestamp(to_initiator)) {
            return std::nullopt;
        }
        auto answer = opened->answer(to_initiator, crypto::generate_private_key(), kIndex);
        jar_of_responder.seal(wire(answer->message), kNow);
        return answer;
    }
};

void respond(benchmark::State& state) {
    Hosts hosts;
    tg_wg_initiation message = hosts.initiation();
    for (auto step : state) {
        auto answer = hosts.respond(message);
        if (!answer) {
            state.SkipWithError("the initiation is refused");
            break;
        }
        const crypto::Keypair keypair{std::move(answer->secrets), kNow};
        benchmark::DoNotOptimize(keypair.next_counter);
    }
    state.SetItemsProcessed(state.iterations());
}

void initiate_and_finish(benchmark::State& state) {
    Hosts hosts;
    for (auto step : state) {
        state.PauseTiming();
        Initiator handshake = hosts.begin();
        tg_wg_initiation message = handshake.message();
        hosts.jar_of_initiator.seal(wire(message), kNow);
        const auto answer = hosts.respond(message);
        state.ResumeTiming();
        benchmark::DoNotOptimize(hosts.initiation());
        if (!handshake.finish(hosts.initiator, hosts.to_responder, answer->message)) {
            state.SkipWithError("the response is refused");
            break;
        }
    }
    state.SetItemsProcessed(state.iterations());
}

/// What a flood from those who know our key, but are no peer, costs: one X25519 each.
void refuse_strangers(benchmark::State& state) {
    Hosts hosts;
    tg_wg_initiation message = hosts.initiation();
    message.sealed_static[0] ^= 1U;
    hosts.jar_of_initiator.seal(wire(message), kNow);
    for (auto step : state) {
        if (hosts.respond(message)) {
            state.SkipWithError("the initiation is accepted");
            break;
        }
    }
    state.SetItemsProcessed(state.iterations());
}

void refuse_bad_mac1(benchmark::State& state) {
    Hosts hosts;
    tg_wg_initiation message = hosts.initiation();
    message.mac1[0] ^= 1U;
    for (auto step : state) {
        benchmark::DoNotOptimize(hosts.respond(message));
    }
    state.SetItemsProcessed(state.iterations());
}

void check_mac2(benchmark::State& state) {
    Hosts hosts;
    tg_wg_initiation message = hosts.initiation();
    const auto reply = hosts.checker.reply(wire(message), {}, {}, kNow);
    if (!hosts.jar_of_initiator.take(reply, kNow)) {
        state.SkipWithError("the cookie is refused");
        return;
    }
    hosts.jar_of_initiator.seal(wire(message), kNow);
    for (auto step : state) {
        benchmark::DoNotOptimize(hosts.checker.check(wire(message), {}, kNow));
    }
    state.SetItemsProcessed(state.iterations());
}

/// Secrets count with their slots of locked memory.
void peer_memory(benchmark::State& state) {
    Hosts hosts;
    for (auto step : state) {
        auto remote =
            remote_identity(hosts.initiator, hosts.responder.public_key, crypto::PresharedKey{});
        benchmark::DoNotOptimize(remote);
    }
    constexpr std::size_t kIdle = sizeof(RemoteIdentity) + 2 * crypto::kSecretSlotSize +
                                  sizeof(crypto::CookieJar) + crypto::kSecretSlotSize;
    constexpr std::size_t kKeypair = sizeof(crypto::Keypair) + 2 * crypto::kSecretSlotSize;
    state.counters["idle_bytes"] = static_cast<double>(kIdle);
    state.counters["keypair_bytes"] = static_cast<double>(kKeypair);
}

}  // namespace

BENCHMARK(respond)->Unit(benchmark::kMicrosecond);
BENCHMARK(initiate_and_finish)->Unit(benchmark::kMicrosecond);
BENCHMARK(refuse_strangers)->Unit(benchmark::kMicrosecond);
BENCHMARK(refuse_bad_mac1);
BENCHMARK(check_mac2);
BENCHMARK(peer_memory)->Unit(benchmark::kMicrosecond);

BENCHMARK_MAIN();

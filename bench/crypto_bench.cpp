// SPDX-License-Identifier: MIT
/// What the tunnel's cryptography costs: transport messages in vectors of 64 (the column `items` is
/// messages per second), the MAC of a handshake message, and its key agreement.
#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include <benchmark/benchmark.h>

#include "crypto/aead.hpp"
#include "crypto/blake2s.hpp"
#include "crypto/keys.hpp"

namespace {

using namespace tollgate::crypto;

constexpr std::size_t kVector = 64;
constexpr std::size_t kRoom = 2048;      // of a message, as in a ring of frames
constexpr std::size_t kMac1Input = 116;  // of a handshake initiation

/// Messages of one size in buffers of their own.
struct Vector {
    explicit Vector(std::size_t size) : bytes(kVector * kRoom) {
        for (std::size_t i = 0; i < kVector; ++i) {
            messages[i] = {.bytes = bytes.data() + i * kRoom,
                           .size = static_cast<std::uint32_t>(size),
                           .counter = i};
        }
    }

    std::vector<std::byte> bytes;
    std::array<AeadMessage, kVector> messages;
};

using Make = std::unique_ptr<Aead> (*)();

void seal(benchmark::State& state, Make make) {
    const auto aead = make();
    const SymmetricKey key;
    Vector vector{static_cast<std::size_t>(state.range(0))};
    for (auto step : state) {
        aead->seal(key, vector.messages);
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kVector));
}

/// Opens one sealed vector again and again: a copy of it, as it is decrypted in place.
void open(benchmark::State& state, Make make) {
    const auto aead = make();
    const SymmetricKey key;
    Vector sealed{static_cast<std::size_t>(state.range(0))};
    aead->seal(key, sealed.messages);
    Vector vector{static_cast<std::size_t>(state.range(0))};
    for (auto step : state) {
        state.PauseTiming();
        vector.bytes = sealed.bytes;
        state.ResumeTiming();
        aead->open(key, vector.messages);
        if (!vector.messages.back().authentic) {
            state.SkipWithError("a message is refused");
            break;
        }
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kVector));
}

void mac1(benchmark::State& state) {
    const std::array<std::byte, kHashSize> key{};
    const std::array<std::byte, kMac1Input> input{};
    for (auto step : state) {
        benchmark::DoNotOptimize(mac(key, input));
    }
}

void x25519(benchmark::State& state) {
    const PrivateKey mine = generate_private_key();
    const PublicKey theirs = public_key_of(generate_private_key());
    for (auto step : state) {
        benchmark::DoNotOptimize(shared_secret(mine, theirs));
    }
}

void sizes(benchmark::internal::Benchmark* bench) {
    for (const int size : {0, 64, 128, 256, 512, 1024, 1440}) {
        bench->Arg(size);
    }
}

}  // namespace

BENCHMARK_CAPTURE(seal, lanes, &make_lanes_aead)->Apply(sizes);
BENCHMARK_CAPTURE(seal, openssl, &make_openssl_aead)->Apply(sizes);
BENCHMARK_CAPTURE(seal, sodium, &make_sodium_aead)->Apply(sizes);
BENCHMARK_CAPTURE(open, lanes, &make_lanes_aead)->Apply(sizes);
BENCHMARK_CAPTURE(open, openssl, &make_openssl_aead)->Apply(sizes);
BENCHMARK_CAPTURE(open, sodium, &make_sodium_aead)->Apply(sizes);
BENCHMARK(mac1);
BENCHMARK(x25519);

BENCHMARK_MAIN();

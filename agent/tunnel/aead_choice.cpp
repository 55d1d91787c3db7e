// SPDX-License-Identifier: MIT
#include "agent/tunnel/aead_choice.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace tollgate::agent {

namespace {

constexpr std::uint32_t kPacketSize = 1420;
constexpr std::size_t kVector = 16;
constexpr int kRounds = 20;  // the best counts: anything may come between

// Nanoseconds per packet, sealed and opened.
std::int64_t measure(crypto::Aead& aead) {
    const crypto::SymmetricKey key;
    std::vector<std::byte> buffer(kVector * (kPacketSize + crypto::kTagSize));
    std::array<crypto::AeadMessage, kVector> messages;
    std::size_t at = 0;
    for (crypto::AeadMessage& message : messages) {
        message = {buffer.data() + at, kPacketSize, false, at};
        at += kPacketSize + crypto::kTagSize;
    }
    auto best = std::chrono::nanoseconds::max();
    for (int round = 0; round < kRounds; ++round) {
        const auto begin = std::chrono::steady_clock::now();
        aead.seal(key, messages);
        aead.open(key, messages);
        best = std::min<std::chrono::nanoseconds>(best, std::chrono::steady_clock::now() - begin);
    }
    return best.count() / static_cast<std::int64_t>(kVector);
}

}  // namespace

Result<AeadChoice> choose_aead(std::string_view wanted) {
    std::vector<std::unique_ptr<crypto::Aead>> providers;
    providers.push_back(crypto::make_lanes_aead());
    providers.push_back(crypto::make_openssl_aead());
    providers.push_back(crypto::make_sodium_aead());
    std::erase(providers, nullptr);
    AeadChoice choice;
    std::int64_t best = INT64_MAX;
    for (auto& provider : providers) {
        if (provider->name() == wanted) {
            return AeadChoice{std::move(provider), "as configured"};
        }
        if (wanted != "auto") {
            continue;
        }
        const std::int64_t time = measure(*provider);
        choice.reason +=
            fmt::format("{}{} {} ns", choice.reason.empty() ? "" : ", ", provider->name(), time);
        if (time < best) {
            best = time;
            choice.aead = std::move(provider);
        }
    }
    if (!choice.aead) {
        return failure(EINVAL, fmt::format("AEAD provider \"{}\"", wanted));
    }
    choice.reason += fmt::format(" to seal and open {} bytes", kPacketSize);
    return choice;
}

}  // namespace tollgate::agent

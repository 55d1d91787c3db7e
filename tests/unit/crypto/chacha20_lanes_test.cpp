// SPDX-License-Identifier: MIT
#include "crypto/chacha20_lanes.hpp"

#include <memory>
#include <random>
#include <vector>

#include <gmock/gmock.h>

#include "crypto/aead.hpp"
#include "tests/support/hex.hpp"

namespace tollgate::crypto {
namespace {

using test::hex;

class Chacha20LanesTest : public testing::TestWithParam<ComputeKeyStream> {};

INSTANTIATE_TEST_SUITE_P(EveryWidth, Chacha20LanesTest, testing::ValuesIn(key_streams()));

TEST_P(Chacha20LanesTest, ComputesTheBlocksOfTheRfcInEveryLane) {  // RFC 8439, A.1, 1 and 2
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        KeyStreamPlaces places{};
        places[lane].block = 1;
        KeyStreamBlocks blocks;
        GetParam()(SymmetricKey{}, places, blocks);
        for (std::size_t i = 0; i < kLanes; ++i) {
            EXPECT_EQ(hex(blocks.at[i]),
                      i == lane
                          ? "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
                            "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f"
                          : "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
                            "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586");
        }
    }
}

TEST_P(Chacha20LanesTest, AgreesWithLibsodiumOnAnyKeyAndPlace) {
    constexpr std::size_t kText = 8 * std::size_t{64};
    const auto sodium = make_sodium_aead();
    std::mt19937_64 random(1);
    for (int round = 0; round < 100; ++round) {
        const SymmetricKey key = generate_preshared_key();
        KeyStreamPlaces places{};
        for (KeyStreamPlace& place : places) {
            place = {.counter = random(), .block = static_cast<std::uint32_t>(random() % 8 + 1)};
        }
        KeyStreamBlocks blocks;
        GetParam()(key, places, blocks);
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            std::vector<std::byte> zeros(kText + kTagSize);
            AeadMessage message{
                .bytes = zeros.data(), .size = kText, .counter = places[lane].counter};
            sodium->seal(key, {&message, 1});
            ASSERT_EQ(hex(blocks.at[lane]),
                      hex(Bytes{zeros}.subspan((places[lane].block - 1) * std::size_t{64}, 64)));
        }
    }
}

}  // namespace
}  // namespace tollgate::crypto

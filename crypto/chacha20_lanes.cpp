// SPDX-License-Identifier: MIT
#include "crypto/chacha20_lanes.hpp"

#include <cstring>
#include <utility>

// The body is compiled once for each kind of register, so all of it must end up in one function.
#define TOLLGATE_ALWAYS_INLINE inline __attribute__((always_inline))

namespace tollgate::crypto {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "blocks are stored in host order");

constexpr std::size_t kWords = 16;  // of a block

template <std::size_t Width>
using Lanes [[gnu::vector_size(Width * 4)]] = std::uint32_t;

/// Words of as many blocks as there are lanes: word w of all of them is at [w].
template <std::size_t Width>
using State = std::array<Lanes<Width>, kWords>;

template <std::size_t Width>
TOLLGATE_ALWAYS_INLINE void rotate(Lanes<Width>& word, unsigned left) noexcept {
    word = word << left | word >> (32 - left);
}

/// The quarter round (2.1).
template <std::size_t Width, std::size_t A, std::size_t B, std::size_t C, std::size_t D>
TOLLGATE_ALWAYS_INLINE void quarter_round(State<Width>& x) noexcept {
    x[A] += x[B];
    x[D] ^= x[A];
    rotate<Width>(x[D], 16);
    x[C] += x[D];
    x[B] ^= x[C];
    rotate<Width>(x[B], 12);
    x[A] += x[B];
    x[D] ^= x[A];
    rotate<Width>(x[D], 8);
    x[C] += x[D];
    x[B] ^= x[C];
    rotate<Width>(x[B], 7);
}

template <std::size_t Width>
TOLLGATE_ALWAYS_INLINE void double_round(State<Width>& x) noexcept {
    quarter_round<Width, 0, 4, 8, 12>(x);
    quarter_round<Width, 1, 5, 9, 13>(x);
    quarter_round<Width, 2, 6, 10, 14>(x);
    quarter_round<Width, 3, 7, 11, 15>(x);
    quarter_round<Width, 0, 5, 10, 15>(x);
    quarter_round<Width, 1, 6, 11, 12>(x);
    quarter_round<Width, 2, 7, 8, 13>(x);
    quarter_round<Width, 3, 4, 9, 14>(x);
}

/// Swaps the two blocks of `Step` x `Step` words off the diagonal, in words I and I + Step.
template <std::size_t Width, std::size_t Step, std::size_t I, std::size_t... Lane>
TOLLGATE_ALWAYS_INLINE void swap_blocks(State<Width>& x, std::index_sequence<Lane...> /*lanes*/) {
    if constexpr ((I & Step) == 0) {
        const Lanes<Width> upper = x[I];
        const Lanes<Width> lower = x[I + Step];
        x[I] = __builtin_shufflevector(
            upper, lower, ((Lane & Step) != 0 ? Width + Lane - Step : Lane)...);
        x[I + Step] = __builtin_shufflevector(
            upper, lower, ((Lane & Step) != 0 ? Width + Lane : Lane + Step)...);
    }
}

template <std::size_t Width, std::size_t Step, std::size_t... I>
TOLLGATE_ALWAYS_INLINE void transpose(State<Width>& x, std::index_sequence<I...> words) {
    if constexpr (Step < Width) {
        (swap_blocks<Width, Step, I>(x, std::make_index_sequence<Width>{}), ...);
        transpose<Width, 2 * Step>(x, words);
    }
}

/// Blocks `first` to `first + Width`.
template <std::size_t Width>
TOLLGATE_ALWAYS_INLINE void compute(const std::uint32_t* key,
                                    const KeyStreamPlace* places,
                                    KeyStreamBlock* blocks) noexcept {
    State<Width> start;
    const std::array<std::uint32_t, 4> constants{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    for (std::size_t w = 0; w < 4; ++w) {
        start[w] = Lanes<Width>{} + constants[w];
    }
    for (std::size_t w = 0; w < 8; ++w) {
        start[4 + w] = Lanes<Width>{} + key[w];
    }
    start[13] = Lanes<Width>{};
    for (std::size_t lane = 0; lane < Width; ++lane) {
        start[12][lane] = places[lane].block;
        start[14][lane] = static_cast<std::uint32_t>(places[lane].counter);
        start[15][lane] = static_cast<std::uint32_t>(places[lane].counter >> 32U);
    }
    State<Width> x = start;
    for (int round = 0; round < 20; round += 2) {
        double_round<Width>(x);
    }
    for (std::size_t w = 0; w < kWords; ++w) {
        x[w] += start[w];
    }
    // Squares of Width x Width words: word w of lane l goes to lane w % Width of word
    // w - w % Width + l.
    transpose<Width, 1>(x, std::make_index_sequence<kWords>{});
    for (std::size_t w = 0; w < kWords; ++w) {
        std::memcpy(blocks[w % Width].data() + w / Width * sizeof x[w], &x[w], sizeof x[w]);
    }
}

template <std::size_t Width>
TOLLGATE_ALWAYS_INLINE void compute_all(const SymmetricKey& key,
                                        const KeyStreamPlaces& places,
                                        KeyStreamBlocks& blocks) noexcept {
    std::array<std::uint32_t, kKeySize / 4> words;
    std::memcpy(words.data(), key.bytes().data(), kKeySize);
    for (std::size_t first = 0; first < kLanes; first += Width) {
        compute<Width>(words.data(), places.data() + first, blocks.at.data() + first);
    }
}

void compute_narrow(const SymmetricKey& key,
                    const KeyStreamPlaces& places,
                    KeyStreamBlocks& blocks) noexcept {
    compute_all<4>(key, places, blocks);  // SSE2, NEON
}

#ifdef __x86_64__
__attribute__((target("avx2"))) void compute_avx2(const SymmetricKey& key,
                                                  const KeyStreamPlaces& places,
                                                  KeyStreamBlocks& blocks) noexcept {
    compute_all<8>(key, places, blocks);
}

__attribute__((target("avx512f"))) void compute_avx512(const SymmetricKey& key,
                                                       const KeyStreamPlaces& places,
                                                       KeyStreamBlocks& blocks) noexcept {
    compute_all<16>(key, places, blocks);
}
#endif

}  // namespace

std::span<const ComputeKeyStream> key_streams() noexcept {
#ifdef __x86_64__
    static constexpr std::array<ComputeKeyStream, 3> kAll{
        compute_narrow, compute_avx2, compute_avx512};
    if (static_cast<bool>(__builtin_cpu_supports("avx512f"))) {
        return kAll;
    }
    return std::span{kAll}.first(static_cast<bool>(__builtin_cpu_supports("avx2")) ? 2 : 1);
#else
    static constexpr std::array<ComputeKeyStream, 1> kAll{compute_narrow};
    return kAll;
#endif
}

}  // namespace tollgate::crypto

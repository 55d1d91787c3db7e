// SPDX-License-Identifier: MIT
#include <array>
#include <cstring>
#include <exception>
#include <memory>

#include <sodium.h>

#include <openssl/evp.h>

#include "crypto/aead.hpp"
#include "crypto/chacha20_lanes.hpp"
#include "crypto/raw.hpp"

namespace tollgate::crypto {
namespace {

/// More than what computing a key stream leaves on the stack.
constexpr std::size_t kStackLeft = 4096;
constexpr std::size_t kBlockSize = sizeof(KeyStreamBlock);
constexpr std::size_t kPolyBlockSize = 16;
constexpr std::size_t kPolyKeySize = 32;

struct FreeMac {
    void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
    void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using MacContext = std::unique_ptr<EVP_MAC_CTX, FreeMac>;
using Tag = std::array<unsigned char, kTagSize>;

/// The key stream by ourselves, 16 blocks of the vector at a time; Poly1305 by OpenSSL. After a
/// vector it holds no key but the Poly1305 key of the last message, which is good for that one
/// only.
class LanesAead final : public Aead {
  public:
    explicit LanesAead(MacContext poly1305) : poly1305_{std::move(poly1305)} {}

    [[nodiscard]] std::string_view name() const override { return "lanes"; }

    void seal(const SymmetricKey& key, std::span<AeadMessage> messages) noexcept override {
        for_each_block(
            key, messages, [this](AeadMessage& message, std::uint32_t block, auto& keys) {
                if (block == 0) {
                    std::memcpy(poly_key_.data(), keys.data(), poly_key_.size());
                } else {
                    apply(message, block, keys);
                }
                if (block == blocks_of(message)) {
                    const Tag tag = tag_of(message);
                    std::memcpy(message.bytes + message.size, tag.data(), tag.size());
                }
            });
    }

    void open(const SymmetricKey& key, std::span<AeadMessage> messages) noexcept override {
        for_each_block(
            key, messages, [this](AeadMessage& message, std::uint32_t block, auto& keys) {
                if (block == 0) {
                    std::memcpy(poly_key_.data(), keys.data(), poly_key_.size());
                    const Tag tag = tag_of(message);
                    message.authentic =
                        sodium_memcmp(tag.data(), message.bytes + message.size, tag.size()) == 0;
                } else if (message.authentic) {
                    apply(message, block, keys);
                }
            });
    }

  private:
    /// The number of the last.
    static std::uint32_t blocks_of(const AeadMessage& message) noexcept {
        return static_cast<std::uint32_t>((std::size_t{message.size} + kBlockSize - 1) /
                                          kBlockSize);
    }

    /// Calls use(message, block, its key stream) for block 0 and those of the text of each message.
    template <typename Use>
    void for_each_block(const SymmetricKey& key,
                        std::span<AeadMessage> messages,
                        Use use) noexcept {
        std::array<AeadMessage*, kLanes> owners{};
        KeyStreamPlaces places;
        std::size_t filled = 0;
        const auto flush = [&] {
            compute_(key, places, key_stream_);
            for (std::size_t lane = 0; lane < filled; ++lane) {
                use(*owners[lane], places[lane].block, key_stream_.at[lane]);
            }
            filled = 0;
        };
        for (AeadMessage& message : messages) {
            for (std::uint32_t block = 0; block <= blocks_of(message); ++block) {
                owners[filled] = &message;
                places[filled] = {.counter = message.counter, .block = block};
                if (++filled == kLanes) {
                    flush();
                }
            }
        }
        if (filled > 0) {
            flush();
        }
        sodium_memzero(&key_stream_, sizeof key_stream_);
        sodium_memzero(poly_key_.data(), poly_key_.size());
        sodium_stackzero(kStackLeft);
    }

    /// @param block  of the text, from 1
    static void apply(AeadMessage& message,
                      std::uint32_t block,
                      const KeyStreamBlock& key_stream) noexcept {
        const std::size_t offset = (block - 1) * kBlockSize;
        std::byte* const at = message.bytes + offset;
        if (message.size - offset >= kBlockSize) {
            combine(at, key_stream);
            return;
        }
        std::array<std::byte, kBlockSize> last{};
        std::memcpy(last.data(), at, message.size - offset);
        combine(last.data(), key_stream);
        std::memcpy(at, last.data(), message.size - offset);
    }

    /// All at once: the compiler does not see that the two never overlap.
    static void combine(std::byte* at, const KeyStreamBlock& key_stream) noexcept {
        std::array<std::uint64_t, kBlockSize / 8> words;
        std::array<std::uint64_t, kBlockSize / 8> keys;
        std::memcpy(words.data(), at, kBlockSize);
        std::memcpy(keys.data(), key_stream.data(), kBlockSize);
        for (std::size_t i = 0; i < words.size(); ++i) {
            words[i] ^= keys[i];
        }
        std::memcpy(at, words.data(), kBlockSize);
    }

    /// RFC 8439, 2.8, without additional data: padding, and both lengths.
    Tag tag_of(const AeadMessage& message) noexcept {
        std::array<unsigned char, kPolyBlockSize + 16> end{};
        const std::size_t padding =
            (kPolyBlockSize - message.size % kPolyBlockSize) % kPolyBlockSize;
        for (std::size_t i = 0; i < sizeof message.size; ++i) {
            end[padding + 8 + i] = static_cast<unsigned char>(message.size >> (8 * i));
        }
        Tag tag;
        std::size_t written = 0;
        EVP_MAC_CTX* const context = poly1305_.get();
        if (EVP_MAC_init(context, poly_key_.data(), poly_key_.size(), nullptr) != 1 ||
            EVP_MAC_update(context, raw(message.bytes), message.size) != 1 ||
            EVP_MAC_update(context, end.data(), padding + 16) != 1 ||
            EVP_MAC_final(context, tag.data(), &written, tag.size()) != 1) {
            std::terminate();
        }
        return tag;
    }

    ComputeKeyStream compute_ = key_streams().back();
    MacContext poly1305_;
    KeyStreamBlocks key_stream_{};
    std::array<unsigned char, kPolyKeySize> poly_key_{};
};

}  // namespace

std::unique_ptr<Aead> make_lanes_aead() {
    const std::unique_ptr<EVP_MAC, FreeMac> mac{EVP_MAC_fetch(nullptr, "POLY1305", nullptr)};
    MacContext context{mac ? EVP_MAC_CTX_new(mac.get()) : nullptr};
    if (!context) {
        return nullptr;
    }
    return std::make_unique<LanesAead>(std::move(context));
}

}  // namespace tollgate::crypto

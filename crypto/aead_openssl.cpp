// SPDX-License-Identifier: MIT
#include <array>
#include <exception>
#include <memory>

#include <openssl/evp.h>

#include "crypto/aead.hpp"
#include "crypto/nonce.hpp"
#include "crypto/raw.hpp"

namespace tollgate::crypto {
namespace {

template <auto Free>
struct FreeBy {
    template <typename T>
    void operator()(T* object) const {
        Free(object);
    }
};
using Cipher = std::unique_ptr<EVP_CIPHER, FreeBy<EVP_CIPHER_free>>;
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeBy<EVP_CIPHER_CTX_free>>;

/// What fails although it depends on no outside input leaves no way on.
void require(int succeeded) {
    if (succeeded != 1) {
        std::terminate();
    }
}

/// The context holds the key for the time of a vector only.
class OpensslAead final : public Aead {
  public:
    explicit OpensslAead(Context context) : context_{std::move(context)} {}

    [[nodiscard]] std::string_view name() const override { return "openssl"; }

    void seal(const SymmetricKey& key, std::span<AeadMessage> messages) noexcept override {
        constexpr int kSeal = 1;
        set_key(raw(key.bytes().data()), kSeal);
        for (const AeadMessage& message : messages) {
            auto* const bytes = raw(message.bytes);
            start(message, kSeal);
            require(crypt(bytes, message.size));
            require(finish(bytes + message.size));
            require(control(EVP_CTRL_AEAD_GET_TAG, bytes + message.size));
        }
        set_key(kNoKey.data(), kSeal);
    }

    void open(const SymmetricKey& key, std::span<AeadMessage> messages) noexcept override {
        constexpr int kOpen = 0;
        set_key(raw(key.bytes().data()), kOpen);
        for (AeadMessage& message : messages) {
            auto* const bytes = raw(message.bytes);
            start(message, kOpen);
            require(control(EVP_CTRL_AEAD_SET_TAG, bytes + message.size));
            require(crypt(bytes, message.size));
            message.authentic = finish(bytes + message.size) == 1;
        }
        set_key(kNoKey.data(), kOpen);
    }

  private:
    static constexpr std::array<unsigned char, kKeySize> kNoKey{};

    void set_key(const unsigned char* key, int direction) noexcept {
        require(EVP_CipherInit_ex(context_.get(), nullptr, nullptr, key, nullptr, direction));
    }

    void start(const AeadMessage& message, int direction) noexcept {
        const Nonce nonce = nonce_of(message.counter);
        require(
            EVP_CipherInit_ex(context_.get(), nullptr, nullptr, nullptr, nonce.data(), direction));
    }

    int crypt(unsigned char* bytes, std::uint32_t size) noexcept {
        int written = 0;
        return size == 0 ? 1
                         : EVP_CipherUpdate(
                               context_.get(), bytes, &written, bytes, static_cast<int>(size));
    }

    /// Writes nothing: a stream cipher has no last block.
    int finish(unsigned char* end) noexcept {
        int written = 0;
        return EVP_CipherFinal_ex(context_.get(), end, &written);
    }

    int control(int what, unsigned char* tag) noexcept {
        return EVP_CIPHER_CTX_ctrl(context_.get(), what, kTagSize, tag);
    }

    Context context_;
};

}  // namespace

std::unique_ptr<Aead> make_openssl_aead() {
    const Cipher cipher{EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr)};
    Context context{EVP_CIPHER_CTX_new()};
    if (!cipher || !context ||
        EVP_CipherInit_ex(context.get(), cipher.get(), nullptr, nullptr, nullptr, 1) != 1) {
        return nullptr;
    }
    return std::make_unique<OpensslAead>(std::move(context));
}

}  // namespace tollgate::crypto

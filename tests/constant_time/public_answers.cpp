// SPDX-License-Identifier: MIT
// Answers that depend on secrets and are public all the same, because whoever sends a message sees
// whether it was taken. They are marked where they come into being, and nothing else is: these
// functions stand in front of the library's, for it as for us.
#include <type_traits>

#include <dlfcn.h>
#include <sodium.h>

#include "tests/constant_time/marks.hpp"

namespace {

using tollgate::test::mark_public;

/// What the library has under the name of a function of ours.
template <typename Function>
Function* library(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

/// Equal or not.
int sodium_memcmp(const void* left, const void* right, std::size_t size) {
    static auto* const kReal = library<decltype(sodium_memcmp)>("sodium_memcmp");
    int answer = kReal(left, right, size);
    mark_public(answer);
    return answer;
}

/// Whether a tag is right.
int crypto_verify_16(const unsigned char* left, const unsigned char* right) {
    static auto* const kReal = library<decltype(crypto_verify_16)>("crypto_verify_16");
    int answer = kReal(left, right);
    mark_public(answer);
    return answer;
}

/// Zeros or not: then the handshake ends.
int crypto_scalarmult_curve25519(unsigned char* shared,
                                 const unsigned char* mine,
                                 const unsigned char* theirs) {
    static auto* const kReal =
        library<decltype(crypto_scalarmult_curve25519)>("crypto_scalarmult_curve25519");
    int answer = kReal(shared, mine, theirs);
    mark_public(answer);
    return answer;
}

/// What a field of a handshake holds is a public key or a time.
// NOLINTNEXTLINE(readability-function-size): the library's parameters
int crypto_aead_chacha20poly1305_ietf_decrypt(unsigned char* plain,
                                              unsigned long long* plain_size,
                                              unsigned char* unused,
                                              const unsigned char* sealed,
                                              unsigned long long sealed_size,
                                              const unsigned char* additional,
                                              unsigned long long additional_size,
                                              const unsigned char* nonce,
                                              const unsigned char* key) {
    static auto* const kReal = library<decltype(crypto_aead_chacha20poly1305_ietf_decrypt)>(
        "crypto_aead_chacha20poly1305_ietf_decrypt");
    const int answer = kReal(
        plain, plain_size, unused, sealed, sealed_size, additional, additional_size, nonce, key);
    mark_public(std::as_bytes(std::span{
        plain, static_cast<std::size_t>(sealed_size) - crypto_aead_chacha20poly1305_IETF_ABYTES}));
    return answer;
}

}  // extern "C"

// SPDX-License-Identifier: MIT
#include "crypto/random.hpp"

#include <sodium.h>

namespace tollgate::crypto {

std::uint32_t random_u32() {
    return randombytes_random();
}

void fill_random(MutableBytes bytes) {
    randombytes_buf(bytes.data(), bytes.size());
}

}  // namespace tollgate::crypto

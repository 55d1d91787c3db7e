// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <tollgate/result.hpp>

#include "crypto/aead.hpp"

namespace tollgate::agent {

/// A provider and why it was chosen, for status and log.
struct AeadChoice {
    std::unique_ptr<crypto::Aead> aead;
    std::string reason;  ///< "openssl 917 ns, sodium 1445 ns for 1,420 bytes"
};

/// Measures the providers for some milliseconds with full packets and takes the faster one.
/// @param wanted  "auto", or the name of a provider
/// @return EINVAL: there is no such provider
[[nodiscard]] Result<AeadChoice> choose_aead(std::string_view wanted);

}  // namespace tollgate::agent

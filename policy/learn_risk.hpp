// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "policy/model.hpp"

namespace tollgate::policy {

/// Why a service needs a person's approval: what it is and why it is dangerous. Empty: it does not.
[[nodiscard]] std::string_view risk_of(Direction direction, const Service& service);

/// The usual name of a service, for rule names: "https", "dns", "tcp-8443".
[[nodiscard]] std::string service_word(const Service& service);

}  // namespace tollgate::policy

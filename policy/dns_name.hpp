// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace tollgate::policy {

/// The labels of a name as they are in a message, without compression (RFC 1035, 3.1), in lower
/// case.
/// @param name in presentation form, exactly as DnsQuestion has it
/// @return nothing for any other text
[[nodiscard]] std::optional<std::vector<std::byte>> dns_labels_of(std::string_view name);

}  // namespace tollgate::policy

// SPDX-License-Identifier: MIT
#pragma once

#include <set>
#include <string>
#include <string_view>

/// Names of ours for what others have named.
namespace tollgate::exchange {

/// The nearest name that policy::is_identifier() takes: what is one already stays as it is.
/// @param longest  at least 8, at most 63
[[nodiscard]] std::string identifier(std::string_view text, std::size_t longest = 63);

/// The name, or if it is taken, NAME-2, NAME-3 and so on; it is then among the taken ones.
/// @param longest  as for identifier()
[[nodiscard]] std::string unique(const std::string& name,
                                 std::set<std::string>& taken,
                                 std::size_t longest = 63);

}  // namespace tollgate::exchange

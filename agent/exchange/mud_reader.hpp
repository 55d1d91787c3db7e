// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "agent/exchange/mud_file.hpp"

namespace tollgate::exchange {

/// Entries of all access lists of a file together.
inline constexpr std::size_t kMudAcesMax = 4096;

struct MudReading {
    std::optional<MudFile> file;  ///< absent if there is any error
    std::vector<policy::Problem> problems;
};

/// Reads a MUD file, in the form of RFC 8520 or of the drafts before it ("access-lists" for
/// "acls"). What stands around the entries must be right; an entry that asks for something unknown
/// is kept, with its obstacle. Pure: opening the file is the caller's.
[[nodiscard]] MudReading read_mud(std::string_view text);

}  // namespace tollgate::exchange

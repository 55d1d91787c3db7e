// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace tollgate::agent {

/// Records that are sent together.
struct Batch {
    std::string id;             ///< tells a receiver that has it already
    std::uint32_t records = 0;  ///< lines of the body
    std::string body;

    bool operator==(const Batch&) const = default;
};

}  // namespace tollgate::agent

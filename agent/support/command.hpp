// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include <tollgate/result.hpp>

namespace tollgate::agent {

/// What a program writes to its standard output, at most `limit` bytes of it. It gets no input.
/// @return ENOENT: there is no such program; ETIMEDOUT: it was ended; EPROTO: it failed
[[nodiscard]] Result<std::string> output_of(const std::vector<std::string>& words,
                                            std::size_t limit,
                                            std::chrono::milliseconds patience);

}  // namespace tollgate::agent

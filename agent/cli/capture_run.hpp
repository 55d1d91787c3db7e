// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include <tollgate/ip.hpp>
#include <tollgate/result.hpp>

#include "agent/capture/capture.hpp"
#include "policy/model.hpp"

namespace tollgate::cli {

/// Reads captures one after the other and hands out the frames of `device` with their direction.
/// @return how many there were; error: a file that cannot be read, or is damaged
using FrameVisitor = std::function<void(const agent::CapturedFrame&, policy::Direction)>;
[[nodiscard]] Result<std::uint64_t> read_captures(std::span<const std::string> files,
                                                  const MacAddress& device,
                                                  const FrameVisitor& visit);

}  // namespace tollgate::cli

// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include <netinet/in.h>

#include "bench/flood_shape.h"

namespace tollgate::bench {

using ShapeBytes = std::array<std::uint8_t, FLOOD_SHAPE_BYTES>;

/// A frame to a closed port that takes long to read, or is refused when it has been read far
/// enough.
struct HardFrame {
    std::string_view name;
    ShapeBytes bytes;  // padded: what is behind the packet counts as nothing
};

/// What the parser takes as deepest, and what is beyond that; the fragments of both versions of IP.
/// The bytes 4 and 5 of the source MAC are what flood_shape.h says.
/// @param destination  of IPv4, in host order
std::array<HardFrame, FLOOD_SHAPES_MAX> hard_frames(in_addr_t destination, std::uint16_t port);

}  // namespace tollgate::bench

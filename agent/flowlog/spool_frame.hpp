// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/flowlog/batch.hpp"

/// How batches are kept in a file of the spool: one frame after another.
///
///     0      8      9         10         12        16        20       24
///     | magic | state | id size | reserved | records | body size | CRC-32 | id | body |
///
/// Numbers are in network order. The checksum is of all but the magic, the state and itself: the
/// state is overwritten in place when the batch is done.
namespace tollgate::agent {

inline constexpr std::size_t kFrameHeaderBytes = 24;
inline constexpr std::size_t kFrameStateAt = 8;
inline constexpr char kFrameDone = 1;
inline constexpr std::size_t kFrameIdMost = 64;
inline constexpr std::size_t kFrameBodyMost = std::size_t{16} << 20U;

/// @pre the id has at most kFrameIdMost bytes, the body at most kFrameBodyMost
[[nodiscard]] std::string encode_frame(const Batch& batch);

/// @param bytes  a whole frame, with nothing after it
/// @return nothing: it is damaged
[[nodiscard]] std::optional<Batch> decode_frame(std::string_view bytes);

/// Where a frame is in a file, without its content.
struct FramePlace {
    std::size_t offset = 0;
    std::size_t size = 0;
    std::uint32_t records = 0;

    bool operator==(const FramePlace&) const = default;
};

/// What a file of the spool holds.
struct SpoolFile {
    std::vector<FramePlace> waiting;  ///< whole frames that are not done, in order
    std::size_t damaged_bytes = 0;    ///< of no whole frame: a torn end, or worse
};

/// Finds the frames in what a file holds. What is damaged costs no whole frame after it.
[[nodiscard]] SpoolFile read_frames(std::string_view content);

/// CRC-32 of IEEE 802.3. @param before  of the bytes before these
[[nodiscard]] std::uint32_t crc32(std::string_view bytes, std::uint32_t before = 0);

}  // namespace tollgate::agent

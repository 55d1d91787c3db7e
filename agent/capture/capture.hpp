// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>

#include <tollgate/ip.hpp>
#include <tollgate/result.hpp>

#include "policy/flow_record.hpp"

namespace tollgate::agent {

/// One Ethernet frame of a capture.
struct CapturedFrame {
    policy::Timestamp at;
    std::span<const std::byte> bytes;   ///< what was captured; valid until the next call of next()
    std::uint32_t original_length = 0;  ///< on the wire; more than bytes.size() if it was cut
};

/// A pcap or pcapng file of Ethernet frames, read from front to back. Not thread-safe.
class Capture {
  public:
    /// Errors name the file: it cannot be opened, is no capture, or its link type is not Ethernet.
    [[nodiscard]] static Result<Capture> open(const std::filesystem::path& path);

    /// The next frame, nothing at the end of the file.
    /// Error: the file ends within a frame or is damaged, with its name.
    [[nodiscard]] Result<std::optional<CapturedFrame>> next();

  private:
    struct Close {
        void operator()(void* reader) const noexcept;
    };
    Capture(std::filesystem::path path, void* reader) : path_(std::move(path)), reader_(reader) {}

    std::filesystem::path path_;
    std::unique_ptr<void, Close> reader_;  ///< pcap_t
};

/// Which way a frame crosses the gate of the protected `device`: frames from it are egress, frames
/// to it and group frames of others ingress. Nothing: the frame is not the device's, or shorter
/// than an Ethernet header.
[[nodiscard]] std::optional<policy::Direction> orientation(std::span<const std::byte> frame,
                                                           const MacAddress& device);

}  // namespace tollgate::agent

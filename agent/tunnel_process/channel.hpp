// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/system/file_descriptor.hpp"
#include "agent/tunnel/secret_text.hpp"

namespace tollgate::agent::tunnel_process {

/// Bytes that may hold keys: wiped when they are given up.
using SecretBytes = std::vector<std::byte, WipingAllocator<std::byte>>;

/// One message between the agent and a data process.
struct Message {
    std::uint32_t kind = 0;
    SecretBytes body;
    std::vector<FileDescriptor> descriptors;
};

/// Messages of any size over a socket pair of SOCK_STREAM: kind and size of the body (32 bits each,
/// of this machine), then the body. Not thread-safe.
class Channel {
  public:
    static constexpr std::size_t kBodyMax = std::size_t{64} << 20U;

    /// @param socket  open as long as this object, which does not own it
    explicit Channel(int socket) : socket_{socket} {}

    [[nodiscard]] int fd() const { return socket_; }

    /// @return EMSGSIZE: the body is larger than kBodyMax; ETIMEDOUT; else as sendmsg(2)
    [[nodiscard]] Result<void> send(std::uint32_t kind,
                                    std::span<const std::byte> body,
                                    std::span<const int> descriptors = {},
                                    std::optional<std::chrono::milliseconds> patience = {});
    /// @param patience  for the whole message; nothing: for ever
    /// @return ECONNRESET: the other end is gone; ETIMEDOUT; EMSGSIZE; else as recvmsg(2)
    [[nodiscard]] Result<Message> receive(std::optional<std::chrono::milliseconds> patience = {});

  private:
    int socket_;
};

}  // namespace tollgate::agent::tunnel_process

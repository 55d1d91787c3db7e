// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include <tollgate/result.hpp>

#include "agent/tunnel/endpoint.hpp"

namespace tollgate::agent {

/// One connection to a collector of records. Sends whole messages, and finds out as well as its
/// protocol can which of them have arrived. After a failure it is of no use any more, and what is
/// pending is lost.
class CollectorSocket {
  public:
    CollectorSocket() = default;
    CollectorSocket(const CollectorSocket&) = delete;
    CollectorSocket& operator=(const CollectorSocket&) = delete;
    virtual ~CollectorSocket() = default;

    /// Whether messages can be sent yet. Never blocks.
    [[nodiscard]] virtual Result<bool> is_connected() = 0;
    /// Sends a message, waiting for room as long as `patience`. @return false: it was not sent, for
    /// want of room. After two errors the connection can still be used: EMSGSIZE, it is longer than
    /// message_limit(), which may be less than before; ENOBUFS, the kernel has dropped it
    [[nodiscard]] virtual Result<bool> send(std::string_view message,
                                            std::uint64_t records,
                                            std::chrono::milliseconds patience) = 0;
    /// Finds out what became of what was sent; after a failure of send(), too, what had arrived
    /// before it. @return records that have arrived since the last call, as far as one can tell
    [[nodiscard]] virtual Result<std::uint64_t> settle() = 0;
    /// Bytes that a message may have, so that it is one packet.
    [[nodiscard]] virtual std::size_t message_limit() const = 0;
    /// Records that were sent and not settled.
    [[nodiscard]] virtual std::uint64_t pending() const = 0;
};

/// Datagrams. A message counts as arrived if no refusal (ICMP) has come back until settle(). Loss
/// in the kernel's own queues is told by send().
[[nodiscard]] Result<std::unique_ptr<CollectorSocket>> open_udp_collector(const Endpoint& to);

/// A stream. A message counts as arrived when the other side's TCP has acknowledged all of it.
[[nodiscard]] Result<std::unique_ptr<CollectorSocket>> open_tcp_collector(const Endpoint& to);

/// Datagrams to a socket of this host, such as /dev/log. What the kernel takes has arrived.
[[nodiscard]] Result<std::unique_ptr<CollectorSocket>> open_local_collector(
    const std::filesystem::path& path);

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tollgate/result.hpp>

#include "agent/flowlog/collector_socket.hpp"
#include "agent/flowlog/retry_delay.hpp"
#include "agent/flowlog/sink.hpp"
#include "agent/tunnel/host_port.hpp"
#include "agent/tunnel/name_resolver.hpp"

namespace tollgate::agent {

/// How a collector of records is reached.
enum class CollectorTransport : std::uint8_t { udp, tcp, local };

/// Where a collector of records is.
struct CollectorPlace {
    CollectorTransport transport = CollectorTransport::udp;
    HostPort host;               ///< udp, tcp
    std::filesystem::path path;  ///< local: of a datagram socket

    /// "collector.example.org:4739", "/dev/log"
    [[nodiscard]] std::string to_string() const;
};

/// The way to a collector: resolves its name, connects, and connects again after a failure, with
/// growing delays. Says once per outage in the log what is wrong. Never blocks but in send().
class CollectorLink {
  public:
    using Time = std::chrono::steady_clock::time_point;

    /// @param sink  its name, for the log
    CollectorLink(CollectorPlace place, std::string_view sink);

    /// Goes on with connecting, and finds out what became of what was sent.
    void poll(Time now);
    [[nodiscard]] bool is_up() const { return up_; }
    /// How many there have been: what was said in an earlier one is forgotten.
    [[nodiscard]] std::uint64_t connections() const { return connections_; }
    /// Bytes that a message may have now. @pre is_up()
    [[nodiscard]] std::size_t message_limit() const { return socket_->message_limit(); }
    /// @pre is_up() @return false: it was not sent; there is no room, or no connection any more
    [[nodiscard]] bool send(std::string_view message,
                            std::uint64_t records,
                            std::chrono::milliseconds patience);

    /// Gives up the connection: what is not settled is lost.
    void close();

    /// Of the records in messages that were sent; `waiting` are those that are not settled.
    [[nodiscard]] SinkCounters counters() const;
    /// Why nothing has arrived since the last thing that did; empty: nothing is wrong.
    [[nodiscard]] const std::string& problem() const { return problem_; }

  private:
    void connect();
    void take(Result<std::unique_ptr<CollectorSocket>> opened);
    void await_connection();
    void settle();
    void fail(const Error& error);

    CollectorPlace place_;
    std::string sink_;
    std::optional<NameResolver> resolver_;
    bool resolving_ = false;
    std::unique_ptr<CollectorSocket> socket_;
    bool up_ = false;
    std::uint64_t connections_ = 0;
    Time now_{};       ///< of the last poll()
    Time retry_at_{};  ///< without a socket: when to try again
    RetryDelay delay_;
    std::string problem_;  ///< the log tells of it
    SinkCounters counters_;
};

}  // namespace tollgate::agent

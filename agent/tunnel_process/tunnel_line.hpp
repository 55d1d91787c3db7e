// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>

#include <tollgate/result.hpp>

#include "agent/system/child_process.hpp"
#include "agent/tunnel_process/channel.hpp"
#include "agent/tunnel_process/tunnel_messages.hpp"

namespace tollgate::agent::tunnel_process {

/// A data process, and the line to it. After the first failure the process is killed, and every
/// question fails. Thread-safe but for what says otherwise.
class TunnelLine {
  public:
    /// How long a process may take for an answer before it counts as lost.
    static constexpr std::chrono::seconds kPatience{5};

    explicit TunnelLine(ChildProcess process)
        : process_{std::move(process)}, channel_{process_.channel()} {}

    [[nodiscard]] int fd() const { return channel_.fd(); }
    [[nodiscard]] pid_t pid() const { return process_.pid(); }

    /// Asks and takes the answer apart. @return false: there is none
    template <typename... Values>
    [[nodiscard]] bool ask(TunnelCall call, const SecretBytes& question, Values&... answer) {
        const std::lock_guard lock{mutex_};
        if (end_ || !send_locked(call, question, {})) {
            return false;
        }
        return receive_locked(call, answer...);
    }
    /// The two halves of ask().
    [[nodiscard]] bool send(TunnelCall call,
                            const SecretBytes& question,
                            std::span<const int> descriptors = {}) {
        const std::lock_guard lock{mutex_};
        return !end_ && send_locked(call, question, descriptors);
    }
    template <typename... Values>
    [[nodiscard]] bool receive(TunnelCall call, Values&... answer) {
        const std::lock_guard lock{mutex_};
        return !end_ && receive_locked(call, answer...);
    }

    /// Why the process has ended; nothing: it runs.
    [[nodiscard]] std::optional<std::string> end();
    /// The process has done what none of ours does: it is killed, if it has not ended by itself.
    void give_up(const std::string& reason) {
        const std::lock_guard lock{mutex_};
        lose(reason);
    }
    /// Hangs up, which lets the process end in order; kills it if that takes long.
    void hang_up();

  private:
    [[nodiscard]] bool send_locked(TunnelCall call,
                                   const SecretBytes& question,
                                   std::span<const int> descriptors);
    template <typename... Values>
    [[nodiscard]] bool receive_locked(TunnelCall call, Values&... answer) {
        const auto body = receive_body(call);
        if (body && !decode(*body, answer...)) {
            lose("gave an answer that is none");
            return false;
        }
        return body.has_value();
    }
    [[nodiscard]] std::optional<SecretBytes> receive_body(TunnelCall call);
    void lose(const std::string& reason);

    std::mutex mutex_;
    ChildProcess process_;
    Channel channel_;
    std::optional<std::string> end_;
};

}  // namespace tollgate::agent::tunnel_process

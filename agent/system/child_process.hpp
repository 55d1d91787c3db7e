// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/socket.h>
#include <sys/types.h>

#include <tollgate/result.hpp>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

/// How a process ended.
struct ProcessEnd {
    int exit_code = 0;
    int signal = 0;  ///< that killed it; 0: it exited by itself

    [[nodiscard]] bool is_success() const { return exit_code == 0 && signal == 0; }
    /// "exited with 1", "was killed by SIGSYS".
    [[nodiscard]] std::string message() const;
};

/// A part of the agent in a process of its own: this program, run anew, so that nothing of this
/// process's memory is in it. Dies with the thread that started it. Not thread-safe.
class ChildProcess {
  public:
    /// What the first descriptor in the child is: its side of channel(). Those of the plan follow.
    static constexpr int kChannel = 3;

    struct Plan {
        std::string role;                    ///< the child's first argument is kRoleOption + role
        std::vector<std::string> arguments;  ///< those that follow
        std::vector<int> descriptors;        ///< the child has copies as kChannel + 1, + 2, …
        int channel_type = SOCK_SEQPACKET;   ///< or SOCK_STREAM, of AF_UNIX
        std::string program = "/proc/self/exe";
    };
    static constexpr std::string_view kRoleOption = "--role=";

    /// Starts it. Besides the channel and the plan's descriptors it has standard error; what could
    /// tell the service manager of it is not in its environment.
    /// @return as posix_spawn(3), socketpair(2), pidfd_open(2)
    [[nodiscard]] static Result<ChildProcess> start(const Plan& plan);

    ChildProcess(ChildProcess&&) noexcept;
    ChildProcess& operator=(ChildProcess&&) noexcept;
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;
    /// Kills it and waits for its end.
    ~ChildProcess();

    [[nodiscard]] pid_t pid() const { return pid_; }
    /// This side of the socket pair; non-blocking.
    [[nodiscard]] int channel() const { return channel_.get(); }
    /// Polls readable when the process has ended.
    [[nodiscard]] int end_fd() const { return pidfd_.get(); }

    /// Waits for the end, no longer than that. @return none: it still runs
    [[nodiscard]] std::optional<ProcessEnd> wait(std::chrono::milliseconds time);
    /// Kills it, waits, and says how it ended: by that, or by itself before.
    ProcessEnd kill();

  private:
    ChildProcess(pid_t pid, FileDescriptor pidfd, FileDescriptor channel);

    pid_t pid_ = -1;
    FileDescriptor pidfd_;
    FileDescriptor channel_;
    std::optional<ProcessEnd> end_;
};

/// The role of the calling process, by its arguments; none: it is the agent itself.
[[nodiscard]] std::optional<std::string> role_of(const std::vector<std::string>& arguments);

/// What a child does first: SIGKILL when the parent's thread ends; SIGPIPE and the signals that ask
/// the agent to end or to read its configuration are ignored.
/// @return the parent is gone already, or kChannel is no socket: nobody has started it as a child
[[nodiscard]] Result<void> begin_child();

}  // namespace tollgate::agent

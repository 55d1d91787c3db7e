// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/confine/confined_process.hpp"
#include "agent/system/clock.hpp"
#include "agent/system/event_loop.hpp"

namespace tollgate::agent {

/// What `tollgate status` and the metrics say of a part of the agent.
struct ProcessStatus {
    std::string name;
    pid_t pid = 0;               ///< 0: it does not run
    std::uint64_t restarts = 0;  ///< times that it was started again
    std::string last_end;        ///< how it ended last, or why it did not start; empty: never
    std::string profile;         ///< of its system calls
    ConfinementReport report;
};

/// The parts that run as processes now.
using ProcessList = std::function<std::vector<ProcessStatus>()>;

/// A confined process that is started again when it ends: after a second, then after twice as long
/// each time, up to a minute, until it has run for a minute. For the loop's thread.
class SupervisedProcess {
  public:
    using Start = std::function<Result<ConfinedProcess>()>;

    /// @param start  starts it anew
    SupervisedProcess(std::string name,
                      SyscallProfile profile,
                      EventLoop& loop,
                      const Clock& clock,
                      Start start);
    SupervisedProcess(const SupervisedProcess&) = delete;
    SupervisedProcess& operator=(const SupervisedProcess&) = delete;
    /// Kills it.
    ~SupervisedProcess();

    /// Starts it for the first time.
    void start();
    /// To be called once a second: starts it if that is due.
    void tick();
    /// Kills it; it is started again as if it had ended by itself. @param why for its status
    void end(std::string why);

    [[nodiscard]] ProcessStatus status() const;

  private:
    Result<void> start_once();
    void take_end();
    void note_end(std::string why);
    /// After it has ended, or did not start.
    void wait_longer(std::string why);

    std::string name_;
    SyscallProfile profile_;
    EventLoop& loop_;
    const Clock& clock_;
    Start start_;
    std::optional<ConfinedProcess> running_;
    std::uint64_t started_ns_ = 0;
    std::uint64_t due_ns_ = 0;   ///< when to start it again; 0: it runs
    std::uint64_t delay_s_ = 0;  ///< before the last start
    std::uint64_t restarts_ = 0;
    std::string last_end_;
};

}  // namespace tollgate::agent

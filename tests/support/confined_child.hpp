// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>

#include <sys/types.h>

#include "agent/confine/confinement.hpp"
#include "agent/system/child_process.hpp"
#include "agent/system/file_descriptor.hpp"

namespace tollgate::test {

/// A process that confines itself, does something and ends with what that returns.
class ConfinedChild {
  public:
    static constexpr int kNotConfined = 99;  ///< its exit code when confine() failed

    /// Starts it. @param act what it does; in it, this process is its parent
    ConfinedChild(const agent::Confinement& wanted, const std::function<int()>& act);
    /// One that is confined, and waits for its end.
    explicit ConfinedChild(const agent::Confinement& wanted);
    ConfinedChild(const ConfinedChild&) = delete;
    ConfinedChild& operator=(const ConfinedChild&) = delete;
    /// Kills it if it still runs.
    ~ConfinedChild();

    [[nodiscard]] pid_t pid() const { return pid_; }
    /// A line of its /proc/PID/status, without the name: "0000000000000000".
    [[nodiscard]] std::string status(const std::string& name) const;
    agent::ProcessEnd wait();

  private:
    pid_t pid_ = -1;
    agent::FileDescriptor hold_;  ///< the waiting child ends when this is closed
};

/// Whether system calls can be filtered here: emulators of other machines cannot.
[[nodiscard]] bool can_filter_syscalls();

}  // namespace tollgate::test

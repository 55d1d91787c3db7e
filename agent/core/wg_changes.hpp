// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "agent/audit/audit_log.hpp"
#include "agent/system/clock.hpp"
#include "agent/system/task_queue.hpp"

namespace tollgate::agent {

/// Notes in the audit log that wg(8) has changed a tunnel. The word of it comes from the tunnel's
/// process, as often as that likes: for each tunnel one task at most waits in the queue, and one
/// record a second is written, which says for how many changes it stands.
class WgChanges {
  public:
    /// All outlive this object, and this object the queue's last task.
    WgChanges(TaskQueue& queue, AuditLog& log, const Clock& clock)
        : queue_{queue}, log_{log}, clock_{clock} {}

    /// From any thread; waits for nothing. @param error errno; 0: done
    void tell(const std::string& tunnel, int error);
    /// In the loop, at least once a second: writes what is due.
    void tick();
    /// In the loop, before it ends: writes all that is left.
    void finish();

  private:
    struct Tally {
        std::uint64_t changes = 0;  ///< since the last record
        std::uint64_t failed = 0;   ///< of them
        int error = 0;              ///< of the last that failed
        bool is_awaited = false;    ///< by a task, or by the next tick that finds it due
        std::uint64_t noted_ns = 0;
    };
    using Tallies = std::map<std::string, Tally>;

    /// Written without the lock: nobody who tells waits for the disk.
    void write_due(std::uint64_t pause_ns);
    void write(const std::string& tunnel, const Tally& tally);

    TaskQueue& queue_;
    AuditLog& log_;
    const Clock& clock_;
    std::mutex mutex_;
    Tallies tallies_;
};

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "agent/confine/supervised_process.hpp"
#include "agent/control/exporter_page.hpp"
#include "agent/core/agent.hpp"
#include "agent/system/task_queue.hpp"
#include "agent/tunnel/tunnel_control.hpp"

namespace tollgate::agent {

/// Makes the pages for monitoring: metrics, live (the loop goes round) and ready (attached
/// everywhere, with a policy). Thread-safe.
class Exporter {
  public:
    /// @param processes  called in the loop's thread
    Exporter(TaskQueue& queue,
             Agent& agent,
             TunnelControl& tunnels,
             ProcessList processes,
             const Clock& clock);

    /// To be called by the loop once a second.
    void beat();

    [[nodiscard]] PageAnswer page(ExporterPage page);

  private:
    [[nodiscard]] PageAnswer metrics();
    [[nodiscard]] PageAnswer live() const;
    [[nodiscard]] PageAnswer ready();

    TaskQueue& queue_;
    Agent& agent_;
    TunnelControl& tunnels_;
    ProcessList processes_;
    const Clock& clock_;
    std::atomic<std::uint64_t> beaten_ns_;
};

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "agent/control/http_server.hpp"
#include "agent/core/agent.hpp"
#include "agent/system/task_queue.hpp"
#include "agent/tunnel/tunnel_control.hpp"

namespace tollgate::agent {

/// The pages for monitoring: /metrics, /livez (the loop goes round) and /readyz (attached
/// everywhere, with a policy). GET only. Thread-safe.
class Exporter {
  public:
    Exporter(TaskQueue& queue, Agent& agent, TunnelControl& tunnels, const Clock& clock);

    /// To be called by the loop once a second.
    void beat();

    [[nodiscard]] HttpResponse handle(const HttpRequest& request);

  private:
    [[nodiscard]] HttpResponse metrics();
    [[nodiscard]] HttpResponse live() const;
    [[nodiscard]] HttpResponse ready();

    TaskQueue& queue_;
    Agent& agent_;
    TunnelControl& tunnels_;
    const Clock& clock_;
    std::atomic<std::uint64_t> beaten_ns_;
};

}  // namespace tollgate::agent

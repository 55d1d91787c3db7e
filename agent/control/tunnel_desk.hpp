// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "agent/system/task_queue.hpp"
#include "agent/tunnel/tunnel_control.hpp"
#include "agent/tunnel/tunnels.hpp"

namespace tollgate::agent {

/// The tunnels, which belong to the agent's loop, for the threads of its servers.
class TunnelDesk : public TunnelControl {
  public:
    TunnelDesk(TaskQueue& queue, Tunnels& tunnels) : queue_{queue}, tunnels_{tunnels} {}

    [[nodiscard]] std::vector<TunnelStatus> status() override;
    [[nodiscard]] std::set<std::string> peer_names() override;
    [[nodiscard]] int change_peer(const std::string& tunnel,
                                  PeerChange change,
                                  const std::optional<std::string>& peer_name) override;
    [[nodiscard]] int set_up(const std::string& tunnel, bool up) override;
    /// The loop only passes the questions on: nobody waits for an answer in it.
    [[nodiscard]] Scrape counters(std::chrono::milliseconds patience) override;

  private:
    TaskQueue& queue_;
    Tunnels& tunnels_;
    std::atomic<std::uint64_t> late_ = 0;
};

}  // namespace tollgate::agent

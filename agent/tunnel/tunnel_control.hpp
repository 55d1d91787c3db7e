// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/tunnel/tunnel_config.hpp"
#include "agent/tunnel/tunnel_counters.hpp"
#include "agent/tunnel/tunnel_status.hpp"

namespace tollgate::agent {

/// The tunnels of the agent, for the control interface and metrics. Thread-safe; never to be called
/// in the agent's loop or in the thread of a tunnel.
class TunnelControl {
  public:
    virtual ~TunnelControl() = default;

    [[nodiscard]] virtual std::vector<TunnelStatus> status() = 0;
    /// What policies may call peers, whether those run or not.
    [[nodiscard]] virtual std::set<std::string> peer_names() = 0;

    /// Changes a peer until the agent's next start or reload.
    /// @param peer_name  what the peer is called from now on; nothing: as before
    /// @return 0, or an errno value: ENODEV: there is no such tunnel, EEXIST: another peer has that
    ///         name, ENETDOWN: it does not run, ESHUTDOWN: the agent is stopping, else see
    ///         Device::apply
    [[nodiscard]] virtual int change_peer(const std::string& tunnel,
                                          PeerChange change,
                                          const std::optional<std::string>& peer_name) = 0;
    /// See Device::set_up(). @return as change_peer()
    [[nodiscard]] virtual int set_up(const std::string& tunnel, bool up) = 0;

    struct Scrape {
        std::vector<TunnelCounters> tunnels;  ///< of those that answered
        std::uint64_t late = 0;               ///< times that one did not, since the start
    };
    /// @param patience  with each tunnel
    [[nodiscard]] virtual Scrape counters(std::chrono::milliseconds patience) = 0;
};

}  // namespace tollgate::agent

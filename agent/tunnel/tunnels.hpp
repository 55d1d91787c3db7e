// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/system/clock.hpp"
#include "agent/tunnel/name_resolver.hpp"
#include "agent/tunnel/supervised_tunnel.hpp"
#include "agent/tunnel/tunnel_settings.hpp"
#include "agent/tunnel/tunnel_status.hpp"

namespace tollgate::agent {

/// All tunnels of the daemon: those of tollgate.yaml, and those that wg(8) configures. One that
/// fails stops nobody. The members are for one thread.
class Tunnels {
  public:
    /// @param by_wg  names of interfaces that wg(8) configures @param clock  outlives this
    Tunnels(const std::vector<TunnelSettings>& configured,
            const std::vector<std::string>& by_wg,
            TunnelFolders folders,
            const Clock& clock,
            GateForTunnels gate = {});

    /// Starts what does not run, takes the answers of DNS. Call it every second.
    void tick();

    /// Goes over to another configuration: tunnels are added, removed and changed. All key files
    /// are read before anything is touched. @return which file is refused; then nothing has changed
    [[nodiscard]] Result<void> change(const std::vector<TunnelSettings>& configured);

    /// In the order of the file, then those of wg(8).
    [[nodiscard]] std::vector<TunnelStatus> statuses();

    /// See SupervisedTunnel. @return ENODEV: there is no such tunnel; EEXIST: another peer, of any
    /// tunnel, has that name
    [[nodiscard]] int change_peer(const std::string& tunnel,
                                  PeerChange change,
                                  const std::optional<std::string>& name);
    [[nodiscard]] int set_up(const std::string& tunnel, bool up);

    /// Of the peers of all tunnels, whether those run or not.
    [[nodiscard]] std::set<std::string> peer_names() const;

    struct PendingCounters {
        std::future<std::optional<TunnelCounters>> counters;
        PeerNames names;
    };
    /// Of each that runs; waits for none.
    [[nodiscard]] std::vector<PendingCounters> counters();

  private:
    void remove_all_but(const std::vector<TunnelSettings>& configured);
    [[nodiscard]] SupervisedTunnel* find(const std::string& name) const;
    [[nodiscard]] std::unique_ptr<SupervisedTunnel> make(TunnelSettings settings);

    TunnelFolders folders_;
    const Clock& clock_;
    GateForTunnels gate_;
    NameResolver resolver_;
    std::vector<std::unique_ptr<SupervisedTunnel>> tunnels_;
};

}  // namespace tollgate::agent

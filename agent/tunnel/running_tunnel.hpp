// SPDX-License-Identifier: MIT
#pragma once

#include <future>
#include <optional>
#include <string>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/tunnel/endpoint_watch.hpp"
#include "agent/tunnel/peer_table.hpp"
#include "agent/tunnel/tunnel_config.hpp"
#include "agent/tunnel/tunnel_counters.hpp"
#include "agent/tunnel/tunnel_status.hpp"

namespace tollgate::agent {

/// A tunnel that runs, in this process or in another. It ends when it is destroyed; the network
/// interface then goes away, unless keep_interface() was called. The members are for threads that
/// are not the tunnel's.
class RunningTunnel {
  public:
    RunningTunnel() = default;
    virtual ~RunningTunnel() = default;
    RunningTunnel(const RunningTunnel&) = delete;
    RunningTunnel& operator=(const RunningTunnel&) = delete;

    /// See Device. @return also ESHUTDOWN: the tunnel has ended, or is stopping
    [[nodiscard]] virtual int apply(const DeviceChange& change) = 0;
    /// See PeerTable.
    virtual void set_peer_names(PeerNames names) = 0;
    [[nodiscard]] virtual DeviceState state() = 0;
    /// How it goes with the handshakes of these peers; nothing has happened with one that is not
    /// there.
    [[nodiscard]] virtual std::vector<PeerContact> contacts(
        const std::vector<crypto::PublicKey>& peers) = 0;
    /// What can be said without the configuration file.
    [[nodiscard]] virtual TunnelStatus status() = 0;
    /// See Device. @return 0; ESHUTDOWN
    [[nodiscard]] virtual int set_up(bool up) = 0;
    /// See Port::set_persistent.
    [[nodiscard]] virtual Result<void> keep_interface() = 0;
    /// Does not wait: the answer comes from the tunnel's threads, which it holds up until the last
    /// of them has ended its turn. It may outlive the tunnel. Nothing: the tunnel is stopping.
    [[nodiscard]] virtual std::future<std::optional<TunnelCounters>> counters() = 0;

    /// Looks whether it still runs, and tells it what it has to know of the gate. Call it every
    /// second. @return why it has ended by itself
    [[nodiscard]] virtual Result<void> look_after() { return {}; }

    /// What the log says of it.
    struct Choices {
        std::string threads;  ///< how many there are, and why: "1 (as configured)"
        std::string backend;  ///< as it was at the start: "udp (as configured)"
        std::string cipher;   ///< which implementation was chosen, and why
    };
    [[nodiscard]] virtual Choices choices() const = 0;
};

}  // namespace tollgate::agent

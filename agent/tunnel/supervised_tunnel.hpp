// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include <tollgate/ip.hpp>
#include <tollgate/result.hpp>

#include "agent/system/clock.hpp"
#include "agent/tunnel/endpoint_watch.hpp"
#include "agent/tunnel/name_resolver.hpp"
#include "agent/tunnel/running_tunnel.hpp"
#include "agent/tunnel/tunnel_gate.hpp"
#include "agent/tunnel/tunnel_keys.hpp"
#include "agent/tunnel/tunnel_settings.hpp"
#include "agent/tunnel/tunnel_status.hpp"
#include "agent/tunnel/worker_parts.hpp"

namespace tollgate::agent {

/// A tunnel that is to run, with what it needs of the host: addresses, routes, endpoints by name.
/// What cannot be done now is tried again, and told by status(). The members are for one thread,
/// which never waits for DNS.
class SupervisedTunnel {
  public:
    /// A tunnel that is tried again in so much time.
    static constexpr std::chrono::seconds kRetry{5};

    /// @param clock, resolver  outlive this
    SupervisedTunnel(TunnelSettings settings,
                     TunnelFolders folders,
                     const Clock& clock,
                     NameResolver& resolver,
                     GateForTunnels gate);

    [[nodiscard]] const TunnelSettings& settings() const { return settings_; }
    [[nodiscard]] TunnelStatus status();
    /// Changes a peer until the next start or change().
    /// @param name  what it is called from now on; nothing: as before. The caller sees to it that
    ///              no other peer is called so
    /// @return 0, or an errno value: ENETDOWN: the tunnel does not run, else see Device::apply
    [[nodiscard]] int change_peer(PeerChange change, const std::optional<std::string>& name);
    /// See Device. It stays so when the tunnel has to be started again.
    [[nodiscard]] int set_up(bool up);
    [[nodiscard]] PeerNames peer_names() const;
    /// See Tunnel. Not valid: it does not run.
    [[nodiscard]] std::future<std::optional<TunnelCounters>> counters();

    /// Ends it, and takes its interface away. Without this the interface of a tunnel of the
    /// configuration stays, so that the host's packets for it do not take another way.
    void remove();
    /// Takes away the interfaces that were left by tunnels which are not in `configured` now.
    static void remove_left(const TunnelFolders& folders, const std::set<std::string>& configured);

    /// Starts it if it is time to, looks after the endpoints. Call it every second.
    void tick();
    /// For the peers of this tunnel that have this name.
    void answered(const NameResolver::Answer& answer);
    /// Goes over to other settings without touching the keypairs of peers that stay. Another cipher
    /// or backend ends the tunnel for a moment.
    void change(TunnelSettings settings, const TunnelKeys& keys);

  private:
    void start();
    void note_end();
    [[nodiscard]] TunnelOptions options() const;
    [[nodiscard]] Result<std::unique_ptr<RunningTunnel>> open_tunnel();
    [[nodiscard]] Result<void> configure(const TunnelSettings* before, const TunnelKeys& keys);
    void configure_again();
    [[nodiscard]] Result<void> keep_interface();
    [[nodiscard]] bool remove_kept() const;
    void take_over_routes();
    void look_at_host();
    void set_addresses(unsigned interface, std::string& problems);
    void set_routes(unsigned interface, std::string& problems);
    void follow_mtu(unsigned interface, std::string& problems);
    void choose_mtu();
    [[nodiscard]] std::vector<Endpoint> endpoints();
    void watch_endpoints();
    void look_up_endpoints();
    void move_peer(const PeerSettings& peer, const Endpoint& endpoint);
    void add_settings(TunnelStatus& status) const;
    void tell(std::string& kept, std::string problem) const;

    TunnelSettings settings_;
    TunnelFolders folders_;
    const Clock& clock_;
    NameResolver& resolver_;
    GateForTunnels gate_;
    std::unique_ptr<RunningTunnel> tunnel_;
    crypto::Instant retry_{0};                 ///< when to start it
    crypto::Instant look_{0};                  ///< when to look at the host
    std::string problem_;                      ///< of the tunnel
    std::string host_problem_;                 ///< of addresses, routes and MTU
    bool is_host_set_ = false;                 ///< addresses and routes are those of the settings
    std::vector<InterfaceAddress> addresses_;  ///< that we gave to the interface
    std::set<Prefix> routes_;                  ///< that we made
    bool is_up_ = true;
    PeerNames given_names_;  ///< by change_peer(); those of the settings go first
    std::uint32_t mtu_ = 0;
    std::string mtu_reason_;
    std::map<std::size_t, EndpointWatch> watches_;  ///< by the peer's place in the settings
};

}  // namespace tollgate::agent

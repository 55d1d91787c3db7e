// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include <tollgate/abi/tunnel.h>
#include <tollgate/result.hpp>

#include "agent/datapath/gate_object.hpp"
#include "agent/tunnel/tunnel_gate.hpp"

namespace tollgate::agent {

/// What the gate knows of our tunnels (abi/tunnel.h). The tunnels' threads share one object; they
/// come here when a handshake begins or ends, not for every packet.
class TunnelMaps {
  public:
    /// Forgets what an earlier agent left: its keys died with it.
    /// @param maps  is kept alive
    [[nodiscard]] static Result<std::shared_ptr<TunnelMaps>> open(
        std::shared_ptr<const GateObject> maps);
    ~TunnelMaps();
    TunnelMaps(const TunnelMaps&) = delete;
    TunnelMaps& operator=(const TunnelMaps&) = delete;

    /// A number for a tunnel. Only the first one maps the receiver slots, all of which count as
    /// memory of this process. @return ENOSPC: there are TG_TUNNELS_MAX; else as mmap(2)
    [[nodiscard]] Result<std::uint32_t> take_number();
    void give_back_number(std::uint32_t number);

    /// Adds or changes the tunnel that listens on `port`, host order.
    [[nodiscard]] Result<void> put(std::uint16_t port, const tg_tunnel& tunnel);
    void remove(std::uint16_t port);

    /// A slot for a receiver index, all zeros; empty: there is no room.
    [[nodiscard]] GateReceiver add(const tg_receiver_key& key);
    void remove(const tg_receiver_key& key, GateReceiver receiver);

    void know_source(const tg_peer_source& source);
    void forget_source(const tg_peer_source& source);

    /// See TunnelGate. @param zone  of the tunnel's interface
    [[nodiscard]] Result<void> own(std::uint8_t zone, const Prefix& prefix, std::string_view peer);
    void disown(std::uint8_t zone, const Prefix& prefix);
    void disown_all(std::uint8_t zone);

    /// The interfaces that are attached now.
    void set_interfaces(std::vector<GateInterface> interfaces);
    [[nodiscard]] std::vector<GateInterface> interfaces() const;
    /// Changes with them.
    [[nodiscard]] std::uint64_t interfaces_version() const { return interfaces_version_; }
    /// @pre the kernel has AF_XDP: there is a socket @param index  TG_TUNNEL_SOCKET
    [[nodiscard]] Result<void> put_socket(std::uint32_t index, int socket);

  private:
    explicit TunnelMaps(std::shared_ptr<const GateObject> maps);

    [[nodiscard]] Result<void> forget_all();
    [[nodiscard]] Result<void> map_slots();
    [[nodiscard]] Result<void> mark_port(std::uint16_t port, bool guarded);
    [[nodiscard]] Result<void> revoke_verdicts(std::uint8_t zone);

    std::shared_ptr<const GateObject> maps_;
    std::atomic<std::uint64_t> interfaces_version_{0};
    mutable std::mutex mutex_;      ///< of what is below
    tg_receiver* slots_ = nullptr;  ///< TG_RECEIVERS_MAX, shared with the kernel
    std::vector<GateInterface> interfaces_;
    std::array<bool, TG_TUNNELS_MAX> taken_{};
    std::vector<std::uint32_t> free_slots_;
    std::uint32_t unused_from_ = 0;  ///< slots from here on were never used
};

/// One tunnel's part of them.
class LoadedTunnelGate final : public TunnelGate {
  public:
    /// @param number  taken from `maps`, and given back by this object
    /// @param zone  of the tunnel's interface
    LoadedTunnelGate(std::shared_ptr<TunnelMaps> maps, std::uint32_t number, std::uint8_t zone);
    /// Guards no port and knows no peer from now on: what nobody destroys, because the agent dies,
    /// stays guarded.
    ~LoadedTunnelGate() override;
    LoadedTunnelGate(const LoadedTunnelGate&) = delete;
    LoadedTunnelGate& operator=(const LoadedTunnelGate&) = delete;

    [[nodiscard]] Result<void> listen(std::uint16_t port, const crypto::PublicKey& key) override;
    void close() override;
    [[nodiscard]] GateReceiver add(std::uint32_t index) override;
    void remove(std::uint32_t index, GateReceiver receiver) override;
    void demand(const InitiationDemands& demands) override;
    void know_source(const IpAddress& network) override;
    void forget_source(const IpAddress& network) override;
    [[nodiscard]] std::uint64_t refused_indices() const override { return refused_indices_; }
    [[nodiscard]] Result<void> own(const Prefix& prefix, std::string_view peer) override;
    void disown(const Prefix& prefix) override;
    [[nodiscard]] std::vector<GateInterface> interfaces() const override {
        return maps_->interfaces();
    }
    [[nodiscard]] std::uint64_t interfaces_version() const override {
        return maps_->interfaces_version();
    }
    [[nodiscard]] Result<void> hand_over(const GateInterface& interface,
                                         std::uint32_t queue,
                                         int socket) override;

  private:
    [[nodiscard]] tg_peer_source source_key(const IpAddress& network) const;
    void write();

    std::shared_ptr<TunnelMaps> maps_;
    tg_tunnel tunnel_{};
    std::uint8_t zone_;
    std::uint16_t port_ = 0;  ///< 0: none is guarded
    std::atomic<std::uint64_t> refused_indices_{0};
};

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include <tollgate/abi/tunnel.h>
#include <tollgate/result.hpp>

#include "agent/datapath/receiver_slots.hpp"
#include "agent/datapath/tunnel_place.hpp"
#include "agent/tunnel/tunnel_gate.hpp"

namespace tollgate::agent {

/// A tunnel's side of the gate that is loaded: writes to the maps, which needs no right but their
/// descriptors (Linux 5.19), so that it may be in another process than the Gate.
class LoadedTunnelGate final : public TunnelGate {
  public:
    /// @return as ReceiverSlots::open()
    [[nodiscard]] static Result<std::unique_ptr<LoadedTunnelGate>> open(TunnelPlace place);
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
        return place_.interfaces->get();
    }
    [[nodiscard]] std::uint64_t interfaces_version() const override {
        return place_.interfaces->version();
    }
    [[nodiscard]] Result<void> hand_over(const GateInterface& interface,
                                         std::uint32_t queue,
                                         int socket) override;

  private:
    LoadedTunnelGate(TunnelPlace place, ReceiverSlots slots);

    [[nodiscard]] tg_receiver_key receiver_key(std::uint32_t index) const;
    [[nodiscard]] tg_peer_source source_key(const IpAddress& network) const;
    [[nodiscard]] Result<void> put(std::uint16_t port);
    void write();

    TunnelPlace place_;
    ReceiverSlots slots_;
    tg_tunnel tunnel_{};
    std::uint16_t port_ = 0;  ///< 0: none is guarded
    std::atomic<std::uint64_t> refused_indices_{0};
};

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/system/clock.hpp"
#include "agent/tunnel/device.hpp"
#include "agent/tunnel/handshake_clock.hpp"
#include "agent/tunnel/running_tunnel.hpp"
#include "agent/tunnel/uapi_socket.hpp"
#include "agent/tunnel/worker_parts.hpp"
#include "agent/tunnel/worker_thread.hpp"

namespace tollgate::agent {

/// A tunnel that runs in this process: its network interface, its device and its UAPI socket, in
/// threads of its own, one for each worker. What changes or reads the device is done by the first
/// one, while the others stand still.
class Tunnel final : public RunningTunnel {
  public:
    /// Makes the network interface and listens on the UAPI socket; the device has no key and no
    /// peer yet. @return what open_workers(), UapiSocket, HandshakeClock and WorkerThread return
    /// @param gate  null: none is loaded
    [[nodiscard]] static Result<std::unique_ptr<Tunnel>> start(const TunnelOptions& options,
                                                               const Clock& clock,
                                                               std::unique_ptr<TunnelGate> gate);
    ~Tunnel() override;
    Tunnel(const Tunnel&) = delete;
    Tunnel& operator=(const Tunnel&) = delete;

    [[nodiscard]] int apply(const DeviceChange& change) override;
    void set_peer_names(PeerNames names) override;
    [[nodiscard]] DeviceState state() override;
    [[nodiscard]] std::vector<PeerContact> contacts(
        const std::vector<crypto::PublicKey>& peers) override;
    [[nodiscard]] TunnelStatus status() override;
    [[nodiscard]] int set_up(bool up) override;
    [[nodiscard]] Result<void> keep_interface() override;
    [[nodiscard]] std::future<std::optional<TunnelCounters>> counters() override;
    [[nodiscard]] Choices choices() const override;

  private:
    Tunnel(TunnelOptions options, const Clock& clock, HandshakeClock timestamps)
        : options_{std::move(options)}, clock_{clock}, timestamps_{std::move(timestamps)} {}

    [[nodiscard]] Result<void> open(std::unique_ptr<TunnelGate> gate);
    [[nodiscard]] Result<void> open_threads();
    [[nodiscard]] Result<void> start_threads();
    [[nodiscard]] Result<void> open_uapi();
    [[nodiscard]] crypto::Tai64n next_timestamp(
        std::chrono::sys_time<std::chrono::nanoseconds> wall);
    [[nodiscard]] WorkerThread& first() { return *threads_.front(); }
    [[nodiscard]] int apply_here(const DeviceChange& change);
    [[nodiscard]] int change_by_wg(const DeviceChange& change);
    /// Has `work` done by the first thread while the others stand still. @return none: the tunnel
    /// is stopping
    template <typename Work>
    auto begin(Work work) -> std::future<std::optional<decltype(work())>>;

    TunnelOptions options_;
    const Clock& clock_;
    std::mutex timestamps_mutex_;
    HandshakeClock timestamps_;
    std::unique_ptr<Device> device_;
    std::vector<std::unique_ptr<WorkerThread>> threads_;  ///< by the number of the worker
    std::vector<TaskQueue*> others_;                      ///< of all threads but the first
    std::unique_ptr<UapiSocket> uapi_;
    std::string aead_reason_;
    std::string threads_reason_;
    std::string first_backend_;
};

}  // namespace tollgate::agent

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
#include "agent/tunnel/endpoint_watch.hpp"
#include "agent/tunnel/handshake_clock.hpp"
#include "agent/tunnel/tunnel_status.hpp"
#include "agent/tunnel/uapi_socket.hpp"
#include "agent/tunnel/worker_parts.hpp"
#include "agent/tunnel/worker_thread.hpp"

namespace tollgate::agent {

/// A tunnel that runs: its network interface, its device and its UAPI socket, in threads of its
/// own, one for each worker. What changes or reads the device is done by the first one, while the
/// others stand still. The members are for threads that are not the tunnel's.
class Tunnel {
  public:
    /// Makes the network interface and listens on the UAPI socket; the device has no key and no
    /// peer yet. @return what open_workers(), UapiSocket, HandshakeClock and WorkerThread return
    /// @param gate  null: none is loaded
    [[nodiscard]] static Result<std::unique_ptr<Tunnel>> start(const TunnelOptions& options,
                                                               const Clock& clock,
                                                               std::unique_ptr<TunnelGate> gate);
    /// Stops the threads; the network interface goes away, unless keep_interface() was called.
    ~Tunnel();
    Tunnel(const Tunnel&) = delete;
    Tunnel& operator=(const Tunnel&) = delete;

    /// See Device.
    [[nodiscard]] int apply(const DeviceChange& change);
    /// See PeerTable.
    void set_peer_names(PeerNames names);
    [[nodiscard]] DeviceState state();
    /// How it goes with the handshakes of these peers; nothing has happened with one that is not
    /// there.
    [[nodiscard]] std::vector<PeerContact> contacts(const std::vector<crypto::PublicKey>& peers);
    /// What can be said without the configuration file.
    [[nodiscard]] TunnelStatus status();
    /// See Device. @return 0; ESHUTDOWN: the tunnel is stopping
    [[nodiscard]] int set_up(bool up);
    /// See Port::set_persistent.
    [[nodiscard]] Result<void> keep_interface();
    /// Does not wait: the answer comes from the tunnel's threads, which it holds up until the last
    /// of them has ended its turn. It may outlive the tunnel. Nothing: the tunnel is stopping.
    [[nodiscard]] std::future<std::optional<TunnelCounters>> counters();

    [[nodiscard]] const std::string& name() const { return options_.name; }
    /// How many threads there are, and why: "1 (as configured)"
    [[nodiscard]] std::string threads_text() const;
    /// Which cipher implementation was chosen, and why.
    [[nodiscard]] const std::string& aead_reason() const { return aead_reason_; }
    /// The same of the backend, as it was at the start: "udp (as configured)"
    [[nodiscard]] const std::string& first_backend() const { return first_backend_; }

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

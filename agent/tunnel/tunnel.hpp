// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <tollgate/result.hpp>

#include "agent/system/clock.hpp"
#include "agent/system/event_loop.hpp"
#include "agent/system/task_queue.hpp"
#include "agent/tunnel/device.hpp"
#include "agent/tunnel/endpoint_watch.hpp"
#include "agent/tunnel/handshake_clock.hpp"
#include "agent/tunnel/tunnel_status.hpp"
#include "agent/tunnel/uapi_socket.hpp"

namespace tollgate::agent {

struct TunnelOptions {
    std::string name;                 ///< of the network interface
    std::size_t mtu = 1420;           ///< of the network interface, bytes
    std::string aead = "auto";        ///< or "lanes", "openssl", "sodium"
    std::string backend = "auto";     ///< or "xsk", "udp"
    std::filesystem::path uapi_dir;   ///< of the socket NAME.sock
    std::filesystem::path state_dir;  ///< of the file handshake-time-NAME
    /// Called with the name when the network interface is there but not up; empty: not called.
    std::function<Result<void>(const std::string& name)> before_up;
};

/// A tunnel that runs: its network interface, its device and its UAPI socket, in a thread of its
/// own. The members are for other threads.
class Tunnel {
  public:
    /// Makes the network interface and listens on the UAPI socket; the device has no key and no
    /// peer yet. @return what TunPort, open_link(), UapiSocket and HandshakeClock return
    /// @param gate  null: none is loaded
    [[nodiscard]] static Result<std::unique_ptr<Tunnel>> start(const TunnelOptions& options,
                                                               const Clock& clock,
                                                               std::unique_ptr<TunnelGate> gate);
    /// Stops the thread; the network interface goes away, unless keep_interface() was called.
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
    /// Does not wait: the answer comes from the tunnel's thread, which it holds up for less than a
    /// millisecond. It may outlive the tunnel. Nothing: the tunnel is stopping.
    [[nodiscard]] std::future<std::optional<TunnelCounters>> counters();

    [[nodiscard]] const std::string& name() const { return options_.name; }
    /// Which cipher implementation was chosen, and why.
    [[nodiscard]] const std::string& aead_reason() const { return aead_reason_; }
    /// The same of the backend, as it was at the start: "udp (as configured)"
    [[nodiscard]] const std::string& first_backend() const { return first_backend_; }

  private:
    Tunnel(TunnelOptions options, const Clock& clock, EventLoop loop, HandshakeClock timestamps)
        : options_{std::move(options)},
          clock_{clock},
          loop_{std::move(loop)},
          timestamps_{std::move(timestamps)} {}

    [[nodiscard]] Result<void> open(std::unique_ptr<TunnelGate> gate);
    [[nodiscard]] Result<void> watch_link();
    void refresh_link();
    [[nodiscard]] int apply_here(const DeviceChange& change);
    [[nodiscard]] Now now() const;
    void run();

    TunnelOptions options_;
    const Clock& clock_;
    EventLoop loop_;
    HandshakeClock timestamps_;
    std::unique_ptr<TaskQueue> tasks_;
    std::unique_ptr<Device> device_;
    std::unique_ptr<UapiSocket> uapi_;
    std::string aead_reason_;
    std::string first_backend_;
    std::vector<int> watched_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/tunnel/handshake_clock.hpp"
#include "agent/tunnel/queue_steering.hpp"
#include "agent/tunnel/tunnel_gate.hpp"
#include "agent/tunnel/worker.hpp"

namespace tollgate::agent {

struct TunnelOptions {
    std::string name;                 ///< of the network interface
    std::size_t mtu = 1420;           ///< of the network interface, bytes
    std::string aead = "auto";        ///< or "lanes", "openssl", "sodium"
    std::string backend = "auto";     ///< or "xsk", "udp"
    std::size_t threads = 1;          ///< 1 to kWorkersMax; more: not with "xsk"
    std::filesystem::path uapi_dir;   ///< of the socket NAME.sock
    std::filesystem::path state_dir;  ///< of the file handshake-time-NAME
    /// Called with the name when the network interface is there but not up; empty: not called.
    std::function<Result<void>(const std::string& name)> before_up;
    MakeQueueSteering make_steering;  ///< empty: there is one thread, whatever is wanted
    /// See GateForTunnels; empty: not called.
    std::function<void(const std::string& name, int error)> changed_by_wg{};
    HandshakeClock::Store store_time{};  ///< empty: this process writes the file
    /// Called when all is open and no thread has begun; empty: not called.
    std::function<Result<void>()> before_threads{};
};

/// What the workers of a tunnel have of the host, and how it was chosen.
struct OpenedWorkers {
    std::vector<Worker::Parts> workers;
    std::unique_ptr<QueueSteering> steering;  ///< null: there is one worker
    std::string threads_reason;               ///< "as configured", or why there is one only
    std::string aead_reason;
};

/// Makes the network interface, and opens sockets on a port that the kernel chooses. As many
/// workers as there are to be threads, or one if the kernel cannot tell them their packets.
/// @return what TunPort, open_link() and choose_aead() return. TunError::other_kind: the interface
///         is for another number of threads than wanted, not only for another than can be had now
[[nodiscard]] Result<OpenedWorkers> open_workers(const TunnelOptions& options, TunnelGate& gate);

}  // namespace tollgate::agent

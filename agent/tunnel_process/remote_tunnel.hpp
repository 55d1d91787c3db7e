// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <thread>

#include <tollgate/result.hpp>

#include "agent/datapath/tunnel_place.hpp"
#include "agent/tunnel/running_tunnel.hpp"
#include "agent/tunnel/worker_parts.hpp"
#include "agent/tunnel_process/broker.hpp"
#include "agent/tunnel_process/tunnel_line.hpp"

namespace tollgate::agent::tunnel_process {

/// A tunnel in a process of its own, which has the keys and reads what comes from outside, and has
/// no rights: see confined_tunnel.hpp.
class RemoteTunnel final : public RunningTunnel {
  public:
    /// As Tunnel::start, which the process calls. `options.before_up` is called in this thread,
    /// `options.changed_by_wg` in one of this object's.
    /// @param place  nothing: no gate is loaded
    /// @return also what ChildProcess::start() returns, and why the process gave up
    [[nodiscard]] static Result<std::unique_ptr<RemoteTunnel>> start(
        const TunnelOptions& options,
        std::optional<TunnelPlace> place);
    ~RemoteTunnel() override;
    RemoteTunnel(const RemoteTunnel&) = delete;
    RemoteTunnel& operator=(const RemoteTunnel&) = delete;

    [[nodiscard]] int apply(const DeviceChange& change) override;
    void set_peer_names(PeerNames names) override;
    [[nodiscard]] DeviceState state() override;
    [[nodiscard]] std::vector<PeerContact> contacts(
        const std::vector<crypto::PublicKey>& peers) override;
    [[nodiscard]] TunnelStatus status() override;
    [[nodiscard]] int set_up(bool up) override;
    [[nodiscard]] Result<void> keep_interface() override;
    [[nodiscard]] std::future<std::optional<TunnelCounters>> counters() override;
    [[nodiscard]] Result<void> look_after() override;
    [[nodiscard]] Choices choices() const override { return choices_; }

    [[nodiscard]] pid_t pid() const { return line_->pid(); }

  private:
    RemoteTunnel(const TunnelOptions& options, ChildProcess process, Broker broker);

    [[nodiscard]] Result<void> begin(const TunnelOptions& options,
                                     const std::optional<TunnelPlace>& place,
                                     std::uint32_t number);
    [[nodiscard]] Result<void> wait_for_start();
    [[nodiscard]] Failure lost() const;

    std::string name_;
    std::filesystem::path uapi_dir_;
    std::shared_ptr<TunnelLine> line_;
    Broker broker_;
    std::thread brokering_;
    std::shared_ptr<const InterfaceBoard> interfaces_;  ///< null: no gate
    std::uint64_t told_version_ = 0;                    ///< of the interfaces
    std::shared_ptr<const void> keep_;
    Choices choices_;
};

}  // namespace tollgate::agent::tunnel_process

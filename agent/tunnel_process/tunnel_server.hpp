// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include <tollgate/result.hpp>

#include "agent/datapath/interface_board.hpp"
#include "agent/tunnel/running_tunnel.hpp"
#include "agent/tunnel_process/channel.hpp"

namespace tollgate::agent::tunnel_process {

/// Answers what the agent asks of a tunnel. For one thread.
class TunnelServer {
  public:
    /// @param control, tunnel  outlive this
    TunnelServer(Channel& control, RunningTunnel& tunnel, std::shared_ptr<InterfaceBoard> board)
        : control_{control}, tunnel_{tunnel}, board_{std::move(board)} {}

    /// Until the agent hangs up. @return EPROTO: a message that is none; else as Channel
    [[nodiscard]] Result<void> serve();

  private:
    [[nodiscard]] Result<SecretBytes> answer(const Message& question);

    Channel& control_;
    RunningTunnel& tunnel_;
    std::shared_ptr<InterfaceBoard> board_;
};

}  // namespace tollgate::agent::tunnel_process

// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include <tollgate/result.hpp>

#include "agent/datapath/interface_board.hpp"
#include "agent/system/startup_memory.hpp"
#include "agent/tunnel/running_tunnel.hpp"
#include "agent/tunnel_process/channel.hpp"

namespace tollgate::agent::tunnel_process {

/// Answers what the agent asks of a tunnel. For one thread.
class TunnelServer {
  public:
    /// @param control, tunnel, startup_memory  outlive this
    TunnelServer(Channel& control,
                 RunningTunnel& tunnel,
                 std::shared_ptr<InterfaceBoard> board,
                 StartupMemory& startup_memory)
        : control_{control},
          tunnel_{tunnel},
          board_{std::move(board)},
          startup_memory_{startup_memory} {}

    /// Until the agent hangs up. @return EPROTO: a message that is none; else as Channel
    [[nodiscard]] Result<void> serve();

  private:
    [[nodiscard]] Result<SecretBytes> answer(const Message& question);

    Channel& control_;
    RunningTunnel& tunnel_;
    std::shared_ptr<InterfaceBoard> board_;
    StartupMemory& startup_memory_;
};

}  // namespace tollgate::agent::tunnel_process

// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <tollgate/result.hpp>

#include "agent/datapath/tunnel_seat.hpp"
#include "agent/system/file_descriptor.hpp"
#include "agent/tunnel_process/broker_messages.hpp"
#include "crypto/tai64n.hpp"

namespace tollgate::agent::tunnel_process {

/// What may be done for the data process of one tunnel.
struct BrokerRights {
    std::unique_ptr<TunnelSeat> seat;  ///< null: no gate is loaded
    /// Called once, during the start, in the thread that serves; empty: no gate
    std::function<Result<void>()> attach{};
    std::function<bool(const crypto::Tai64n&)> store_time;  ///< waits for the disk
    std::function<void(int error)> changed_by_wg{};         ///< empty: nobody wants to know
    bool may_xdp = false;  ///< the tunnel may have to open AF_XDP sockets while it runs
};

/// Does for a data process what it may not do itself, and nothing else: it believes nothing that
/// the process says. One thread serves at a time.
class Broker {
  public:
    Broker(FileDescriptor socket, BrokerRights rights);

    /// Polls readable when the process has asked for something, or is gone.
    [[nodiscard]] int fd() const { return socket_.get(); }
    /// Does what was asked for, and answers; waits if nothing was. @return false: the process is
    /// gone, or has sent something that is no request
    [[nodiscard]] bool serve();
    /// From now on what only a start needs is refused with EPERM: to attach the gate. During it,
    /// too, that is granted once. @pre nobody serves meanwhile
    void end_start() { may_attach_ = false; }
    /// Why the gate could not be attached, if it could not.
    [[nodiscard]] const std::optional<Error>& attach_problem() const { return attach_problem_; }

  private:
    struct Answer {
        BrokerReply reply;
        FileDescriptor descriptor;
    };
    [[nodiscard]] bool serve_once();
    [[nodiscard]] Answer answer(const BrokerRequest& request, FileDescriptor with);
    [[nodiscard]] Answer ask_system(const BrokerRequest& request, FileDescriptor with);
    [[nodiscard]] BrokerReply set_option(const BrokerRequest& request,
                                         const FileDescriptor& socket);
    [[nodiscard]] BrokerReply share_port(const FileDescriptor& socket);
    [[nodiscard]] BrokerReply bind(const BrokerRequest& request, FileDescriptor socket);
    [[nodiscard]] BrokerReply bind_udp(const BrokerRequest& request, FileDescriptor socket);
    [[nodiscard]] Answer ask_seat(const BrokerRequest& request);
    [[nodiscard]] Answer attach();
    [[nodiscard]] Answer store_time(std::chrono::nanoseconds since_1970);
    [[nodiscard]] bool take_write();

    FileDescriptor socket_;
    BrokerRights rights_;
    bool may_attach_ = true;
    /// The last of IPv4 and of IPv6 that was bound to a port of all addresses, alone. It is held,
    /// so that nobody else can have the port while sockets are added to it.
    std::array<FileDescriptor, 2> listening_;
    std::chrono::steady_clock::time_point writes_paid_until_{};  ///< a GCRA's
    std::optional<Error> attach_problem_;
};

}  // namespace tollgate::agent::tunnel_process

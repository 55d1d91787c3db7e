// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include <tollgate/result.hpp>

#include "agent/datapath/tunnel_seat.hpp"
#include "agent/system/file_descriptor.hpp"
#include "agent/system/privileged.hpp"
#include "agent/tunnel_process/broker_messages.hpp"
#include "crypto/tai64n.hpp"

namespace tollgate::agent::tunnel_process {

/// The data process's side of Broker: each call waits for its answer. Thread-safe.
class BrokerClient final : public privileged::Proxy {
  public:
    explicit BrokerClient(FileDescriptor socket) : socket_{std::move(socket)} {}

    int socket(int domain, int type, int protocol) override;
    int set_option(int socket, int name, std::uint32_t value) override;
    int bind(int socket, const sockaddr* address, socklen_t size) override;
    int socket_beside(int tun_device) override;

    [[nodiscard]] Result<void> attach();
    [[nodiscard]] Result<std::uint32_t> take_slots();
    [[nodiscard]] Result<void> mark_port(std::uint16_t port, bool guarded);
    [[nodiscard]] bool store_time(const crypto::Tai64n& time);
    void changed_by_wg(int error);

    [[nodiscard]] int fd() const { return socket_.get(); }

  private:
    struct Answer {
        int result = -1;  ///< below 0: errno says why
        FileDescriptor descriptor;
    };
    [[nodiscard]] Answer ask(const BrokerRequest& request, int with = -1);

    FileDescriptor socket_;
    std::mutex mutex_;
};

/// A seat that is taken in the agent.
class BrokeredSeat final : public TunnelSeat {
  public:
    /// @param broker  outlives this
    BrokeredSeat(BrokerClient& broker, std::uint32_t number) : broker_{broker}, number_{number} {}

    [[nodiscard]] std::uint32_t number() const override { return number_; }
    [[nodiscard]] Result<std::uint32_t> take_slots() override { return broker_.take_slots(); }
    [[nodiscard]] Result<void> mark_port(std::uint16_t port, bool guarded) override {
        return broker_.mark_port(port, guarded);
    }

  private:
    BrokerClient& broker_;
    std::uint32_t number_;
};

}  // namespace tollgate::agent::tunnel_process

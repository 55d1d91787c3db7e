// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/tunnel/device.hpp"
#include "tests/support/tunnel_lab.hpp"

namespace tollgate::test {

/// What a kernel would be told of queues.
class MemorySteering : public agent::QueueSteering {
  public:
    [[nodiscard]] int program() const override { return -1; }
    [[nodiscard]] Result<void> put(const Prefix& prefix, std::uint32_t queue) override {
        if (is_full && !queues.contains(prefix)) {
            return failure(ENOSPC, "a test");
        }
        queues[prefix] = queue;
        return {};
    }
    void remove(const Prefix& prefix) override { queues.erase(prefix); }
    /// As the kernel finds it.
    [[nodiscard]] std::uint32_t queue_of(const IpAddress& address) const;

    std::map<Prefix, std::uint32_t> queues;
    bool is_full = false;
};

/// A device with several workers at 198.51.100.1 (inside 10.0.0.254), and hosts that are its peers
/// 0, 1, 2 …, at 192.0.2.N (inside 10.0.0.N) with N from 1. All know where it is, and it knows
/// nobody's place. One thread does what several would, one after another.
struct GatewayLab {
    explicit GatewayLab(std::size_t workers, std::size_t peers);

    [[nodiscard]] agent::Now now() const { return hosts.front()->now(); }
    [[nodiscard]] int apply(const agent::DeviceChange& change) {
        return device->apply(change, now());
    }
    /// A change of one peer of the gateway that is there.
    [[nodiscard]] agent::PeerChange change_of(std::size_t peer) const;

    /// From now on the gateway can begin handshakes with this peer.
    void knows_place_of(std::size_t peer);

    /// A datagram that the kernel gives to this worker, rightly or not.
    void arrives_at(std::size_t worker, const Datagram& datagram, const agent::Endpoint& from);
    /// The gateway's own packet, by the queue that the kernel chooses.
    void send(const std::string& destination);
    /// The same by another one.
    void send_by(std::size_t worker, const std::string& destination);
    /// The host's packet to the gateway. @param source  an inner address, not always its own
    void send_from(std::size_t host, const std::string& source);
    /// Everything that is due and waiting, and carries datagrams until there are none.
    void settle();
    /// What the workers have handed to the gateway, in all, since the last call.
    std::size_t take_received();

    std::vector<std::unique_ptr<TunnelHost>> hosts;
    agent::Endpoint endpoint;
    MemorySteering* steering = nullptr;
    std::vector<MemoryLink*> links;
    std::vector<MemoryPort*> ports;
    std::unique_ptr<agent::Device> device;

  private:
    void work();
    [[nodiscard]] bool carry_to_gateway();
    [[nodiscard]] bool carry_to_hosts();
};

}  // namespace tollgate::test

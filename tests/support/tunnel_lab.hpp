// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/tunnel/device.hpp"
#include "agent/tunnel/segment_buffer.hpp"

namespace tollgate::test {

using Datagram = std::vector<std::byte>;

/// A wire without a kernel: what one host sends, another may be given.
class MemoryLink : public agent::Link {
  public:
    struct Sent {
        agent::Endpoint to;
        Datagram bytes;
        std::uint8_t traffic_class;
    };

    [[nodiscard]] std::string_view name() const override { return "memory"; }
    [[nodiscard]] std::string reason() const override { return "a test"; }
    [[nodiscard]] agent::LinkCounters counters() const override { return {}; }
    [[nodiscard]] std::uint16_t port() const override { return 51820; }
    [[nodiscard]] Result<void> listen(std::uint16_t /*port*/) override { return {}; }
    [[nodiscard]] std::vector<int> descriptors() const override { return {}; }
    [[nodiscard]] std::span<agent::Arrival> receive(int descriptor) override;
    void begin(const agent::Endpoint& to, std::uint8_t traffic_class) override;
    [[nodiscard]] crypto::MutableBytes reserve(std::size_t size) override {
        return outgoing_.reserve(size);
    }
    bool commit() override;
    void abandon() override { outgoing_.clear(); }
    bool send(const agent::Endpoint& to,
              crypto::Bytes bytes,
              std::size_t segment,
              std::uint8_t traffic_class) override;
    [[nodiscard]] Result<void> set_mark(std::uint32_t /*mark*/) override { return {}; }

    /// Lets a datagram arrive; the device has to be told.
    void deliver(const Datagram& datagram, const agent::Endpoint& from, std::uint8_t ecn = 0);

    std::deque<Sent> sent;  ///< datagrams, one each

  private:
    agent::Endpoint to_;
    std::uint8_t traffic_class_ = 0;
    agent::SegmentBuffer outgoing_;
    std::deque<std::pair<Datagram, agent::Arrival>> waiting_;
    std::pair<Datagram, agent::Arrival> current_;
};

/// The host above a device: packets to send, packets received.
class MemoryPort : public agent::Port {
  public:
    [[nodiscard]] int descriptor() const override { return -1; }
    [[nodiscard]] std::optional<agent::HostPacket> receive() override;
    void send(std::span<const crypto::MutableBytes> packets) override;
    [[nodiscard]] std::size_t mtu() const override { return size; }

    std::size_t size = 1420;  ///< its MTU
    std::deque<Datagram> to_send;
    std::deque<Datagram> received;

  private:
    Datagram current_;
};

/// One host with a device, at an address on the wire and with one inside the tunnel.
struct TunnelHost {
    /// Exchanges parts of a device before it is made.
    using Equip = std::function<void(agent::Device::Parts&)>;
    TunnelHost(const std::string& wire, std::string inner_address, const Equip& equip = {});

    [[nodiscard]] agent::Now now() const;
    /// Asks for a change, and fails the test if it is refused.
    void apply(agent::DeviceChange change);
    /// Makes `other` a peer that may use its inner address.
    void add_peer(const TunnelHost& other, bool with_endpoint);
    /// The host's own packet: UDP to an inner address.
    void send(const std::string& destination, std::size_t payload = 100);
    void receive(const Datagram& datagram, const agent::Endpoint& from, std::uint8_t ecn = 0);
    /// Everything that is due and waiting.
    void work();
    [[nodiscard]] agent::PeerState peer() const;  ///< the only one

    agent::Endpoint endpoint;
    std::string inner;
    crypto::PublicKey public_key;
    std::shared_ptr<std::chrono::nanoseconds> clock;
    MemoryLink* link;
    MemoryPort* port;
    std::unique_ptr<agent::Device> device;
};

/// Two hosts, 192.0.2.1 (inside 10.0.0.1) and 192.0.2.2 (inside 10.0.0.2), peers of each other,
/// with one clock. Only `left` knows where the other is.
struct TunnelLab {
    /// @param equip  called for `left`, then for `right`
    explicit TunnelLab(const TunnelHost::Equip& equip = {});

    /// Carries datagrams back and forth until there are none.
    void settle();
    /// Lets time pass in steps, carrying what is sent.
    void pass(std::chrono::milliseconds time);
    /// How many datagrams of a type were carried since the last call.
    std::size_t take_count(std::uint32_t type);

    std::shared_ptr<std::chrono::nanoseconds> clock;
    TunnelHost left;
    TunnelHost right;
    /// Looks at a datagram under way; false: it is lost.
    std::function<bool(TunnelHost& from, Datagram&)> wire;

  private:
    void carry(TunnelHost& from, TunnelHost& to);

    std::vector<std::uint32_t> carried_;
};

/// A whole IPv4 packet with UDP.
[[nodiscard]] Datagram inner_packet(const std::string& source,
                                    const std::string& destination,
                                    std::size_t payload,
                                    std::uint8_t traffic_class = 0);
[[nodiscard]] std::uint32_t type_of(const Datagram& datagram);
/// A place in the network where neither host is.
[[nodiscard]] agent::Endpoint elsewhere();

}  // namespace tollgate::test

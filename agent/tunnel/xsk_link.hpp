// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/tunnel/outer_header.hpp"
#include "agent/tunnel/tunnel_gate.hpp"
#include "agent/tunnel/udp_link.hpp"
#include "agent/tunnel/ways.hpp"
#include "agent/tunnel/xsk_interface.hpp"

namespace tollgate::agent {

/// Frames past the network stack (AF_XDP), on the interfaces that the gate protects by XDP. The UDP
/// sockets stay: they carry handshakes, whatever the gate does not hand over, and what goes to a
/// place that is not an Ethernet neighbour's, or whose neighbour the kernel has to find first.
///
/// Frames that are sent here do not pass the kernel's own filters, nor the gate's egress program.
/// Handshakes do: without them a tunnel falls silent after reject-after-time.
class XskLink : public Link {
  public:
    enum class Wish {
        zero_copy,  ///< interfaces whose driver has it; the others are left to UDP
        any,        ///< copying, too; one interface at least
    };
    /// @param gate  outlives the link, but for its destructor
    /// @return as XskInterface::open() if `any` is wished and there is none; else what cannot be
    /// had is told by reason()
    [[nodiscard]] static Result<std::unique_ptr<XskLink>> open(std::unique_ptr<UdpLink> udp,
                                                               TunnelGate& gate,
                                                               Wish wish);

    /// "udp" as long as no interface has a socket.
    [[nodiscard]] std::string_view name() const override;
    [[nodiscard]] std::string reason() const override;
    [[nodiscard]] LinkCounters counters() const override;
    [[nodiscard]] std::vector<XskQueueCounters> queues() const override;
    [[nodiscard]] std::uint16_t port() const override { return udp_->port(); }
    [[nodiscard]] Result<void> listen(std::uint16_t port) override { return udp_->listen(port); }
    [[nodiscard]] std::vector<int> descriptors() const override;
    [[nodiscard]] bool refresh() override;
    [[nodiscard]] std::span<Arrival> receive(int descriptor) override;

    void begin(const Endpoint& to, std::uint8_t traffic_class) override;
    [[nodiscard]] crypto::MutableBytes reserve(std::size_t size) override;
    bool commit() override;
    void abandon() override;
    bool send(const Endpoint& to,
              crypto::Bytes bytes,
              std::size_t segment,
              std::uint8_t traffic_class) override {
        return udp_->send(to, bytes, segment, traffic_class);
    }
    [[nodiscard]] Result<void> set_mark(std::uint32_t mark) override;

  private:
    static constexpr std::size_t kVectorMax = XskSocket::kVectorMax;

    /// How a vector leaves.
    enum class Exit : std::uint8_t {
        udp,
        xsk,
        nowhere,  ///< the rings are full
    };
    struct Outgoing {
        crypto::MutableBytes frame;
        std::size_t size = 0;  ///< with the headers
    };

    XskLink(std::unique_ptr<UdpLink> udp, TunnelGate& gate, Ways ways, Wish wish)
        : udp_{std::move(udp)}, gate_{gate}, ways_{std::move(ways)}, wish_{wish} {}

    void look_at_interfaces();
    [[nodiscard]] const XskInterface* find(unsigned interface) const;
    void take_frame(crypto::MutableBytes frame, unsigned interface);
    [[nodiscard]] const XskInterface* find_exit(const Endpoint& to);
    void leave_by_udp(Exit exit);

    std::unique_ptr<UdpLink> udp_;
    TunnelGate& gate_;
    Ways ways_;
    Wish wish_;
    std::uint32_t mark_ = 0;

    std::vector<XskInterface> interfaces_;
    std::vector<std::string> obstacles_;  ///< "eth1: …"
    int obstacle_error_ = 0;              ///< of the first, an errno value
    std::uint64_t seen_version_ = 0;
    bool is_outdated_ = true;  ///< the interfaces have to be looked at

    std::array<Arrival, kVectorMax> arrivals_{};
    std::size_t arrived_ = 0;

    Endpoint to_;
    std::uint8_t traffic_class_ = 0;
    Exit exit_ = Exit::udp;
    XskSocket* socket_ = nullptr;  ///< of `exit_` xsk
    OuterHeader header_;
    std::size_t datagram_max_ = 0;
    std::array<Outgoing, kVectorMax> outgoing_{};
    std::size_t count_ = 0;
    std::uint16_t next_id_ = 0;
    XskSocket* unsent_ = nullptr;  ///< its last frames wait for room
    LinkCounters counters_;
};

}  // namespace tollgate::agent

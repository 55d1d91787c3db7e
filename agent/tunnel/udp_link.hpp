// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/system/file_descriptor.hpp"
#include "agent/system/route_watch.hpp"
#include "agent/tunnel/link.hpp"
#include "agent/tunnel/segment_buffer.hpp"
#include "agent/tunnel/udp_message.hpp"

namespace tollgate::agent {

/// Datagrams that did not get through the sockets, and ways that had to be left.
struct UdpCounters {
    std::uint64_t no_room = 0;         ///< to send: the kernel's queues were full
    std::uint64_t refused = 0;         ///< to send: no route, say, or a firewall
    std::uint64_t overflowed = 0;      ///< received while the socket's buffer was full
    std::uint64_t truncated = 0;       ///< received with more bytes than any datagram has
    std::uint64_t source_refused = 0;  ///< sends whose local address is no longer good
    std::uint64_t unsegmented = 0;     ///< sends that had to go one by one for once
};

/// Two UDP sockets, one for each IP version, on the same port; many datagrams per system call with
/// UDP_SEGMENT and UDP_GRO. They stay in the network namespace in which they were opened.
class UdpLink : public Link {
  public:
    struct Options {
        std::uint16_t port = 0;        ///< host order; 0: any that is free for both
        std::uint32_t mark = 0;        ///< SO_MARK
        bool has_segmentation = true;  ///< use UDP_SEGMENT if it works
        std::string reason = "as configured";
    };
    /// A host without one of the IP versions has a link of the other.
    /// Fails, like listen(), with EADDRINUSE, EPERM for a mark without CAP_NET_ADMIN, EAFNOSUPPORT
    /// without any IP.
    [[nodiscard]] static Result<std::unique_ptr<UdpLink>> open(const Options& options);
    /// Several links on one port, each with the datagrams of one worker: see open_udp_group(). What
    /// the first is told by listen() is done by all of them, or by none, and a mark by all before
    /// one that fails; the others are not told, and outlive the first one's last call.
    /// @param count  1 to kWorkersMax
    [[nodiscard]] static Result<std::vector<std::unique_ptr<UdpLink>>> open_group(
        const Options& options,
        std::size_t count);

    [[nodiscard]] std::string_view name() const override { return "udp"; }
    [[nodiscard]] std::string reason() const override { return reason_; }
    [[nodiscard]] LinkCounters counters() const override {
        LinkCounters counters;
        counters.no_room = counters_.no_room;
        counters.overflowed = counters_.overflowed;
        return counters;
    }
    [[nodiscard]] std::uint16_t port() const override { return port_; }
    [[nodiscard]] Result<void> listen(std::uint16_t port) override;
    [[nodiscard]] std::vector<int> descriptors() const override;
    [[nodiscard]] std::span<Arrival> receive(int descriptor) override;
    void begin(const Endpoint& to, std::uint8_t traffic_class) override;
    [[nodiscard]] crypto::MutableBytes reserve(std::size_t size) override {
        return outgoing_.reserve(size);
    }
    bool commit() override;
    void abandon() override { outgoing_.clear(); }
    bool send(const Endpoint& to,
              crypto::Bytes bytes,
              std::size_t segment,
              std::uint8_t traffic_class) override;
    [[nodiscard]] Result<void> set_mark(std::uint32_t mark) override;

    /// Why datagrams are sent one by one for good; empty: they are not.
    [[nodiscard]] const std::string& segmentation_fault() const { return segmentation_fault_; }
    [[nodiscard]] const UdpCounters& udp_counters() const { return counters_; }

  private:
    static constexpr std::size_t kBatch = 8;
    static constexpr std::size_t kBufferBytes = 65'536;

    struct Socket {
        FileDescriptor descriptor;
        std::uint32_t overflowed = 0;
    };
    struct Slot {
        SocketAddress from;
        ControlBytes control;
        iovec bytes{};
    };
    struct Departure;
    struct Outcome;

    using Sockets = std::array<Socket, 2>;  ///< IPv4, IPv6

    explicit UdpLink(RouteWatch routes);
    [[nodiscard]] static Result<std::unique_ptr<UdpLink>> make(const Options& options);
    [[nodiscard]] static Result<std::vector<Sockets>> open_sockets(std::uint16_t port,
                                                                   std::size_t count);
    [[nodiscard]] static Result<void> mark_sockets(const Sockets& sockets, std::uint32_t mark);
    void take_over(Sockets sockets);
    [[nodiscard]] bool may_leave_from_local(const Endpoint& to);
    void prepare_slots();
    void read_slot(std::size_t index, Socket& socket);
    [[nodiscard]] Outcome send_all(const Departure& departure, bool from_local);
    [[nodiscard]] static Outcome send_segmented(const Departure& departure, bool from_local);
    [[nodiscard]] static Outcome send_singly(const Departure& departure, bool from_local);

    RouteWatch routes_;
    std::uint32_t route_changes_ = 0;
    /// The interface by which one of our addresses reaches a peer; 0: by none.
    struct Way {
        IpAddress to;
        IpAddress from;
        std::uint32_t routes = 0;
        unsigned interface = 0;
    } way_;  ///< the last that was asked for
    Sockets sockets_;
    std::uint16_t port_ = 0;
    std::uint32_t mark_ = 0;
    std::string reason_;
    std::vector<UdpLink*> followers_;  ///< the other links of the group, by the first
    std::string segmentation_fault_;
    UdpCounters counters_;

    Endpoint to_;  ///< of `outgoing_`
    std::uint8_t traffic_class_ = 0;
    SegmentBuffer outgoing_;

    std::unique_ptr<std::byte[]> buffers_;  ///< no zeros, see SegmentBuffer
    std::array<Slot, kBatch> slots_{};
    std::array<mmsghdr, kBatch> messages_{};
    std::array<Arrival, kBatch> arrivals_{};
    std::size_t arrived_ = 0;
};

}  // namespace tollgate::agent

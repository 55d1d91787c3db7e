// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/tunnel/endpoint.hpp"
#include "agent/tunnel/xsk_counters.hpp"
#include "crypto/bytes.hpp"

namespace tollgate::agent {

/// Datagrams that arrived from one place as one read (UDP_GRO): all of `segment` bytes, only the
/// last may be shorter. They are decrypted in place.
struct Arrival {
    crypto::MutableBytes bytes;
    std::size_t segment = 0;
    Endpoint from;
    std::uint8_t ecn = 0;  ///< of the outer header, RFC 3168
};

/// What a link has lost, and how datagrams went; since it was opened.
struct LinkCounters {
    std::uint64_t no_room = 0;       ///< to send: the queues were full
    std::uint64_t overflowed = 0;    ///< received while the queues were full
    std::uint64_t malformed = 0;     ///< received from XDP, and no datagram for us
    std::uint64_t xsk_sent = 0;      ///< datagrams past the network stack
    std::uint64_t xsk_received = 0;  ///< the same, received

    LinkCounters& operator+=(const LinkCounters& other) {
        no_room += other.no_room;
        overflowed += other.overflowed;
        malformed += other.malformed;
        xsk_sent += other.xsk_sent;
        xsk_received += other.xsk_received;
        return *this;
    }
};

/// The ciphertext side of a tunnel: UDP datagrams.
class Link {
  public:
    virtual ~Link() = default;

    /// "udp", "xsk"
    [[nodiscard]] virtual std::string_view name() const = 0;
    /// Why it is this one: "as configured"
    [[nodiscard]] virtual std::string reason() const = 0;
    [[nodiscard]] virtual LinkCounters counters() const = 0;
    /// Of its AF_XDP sockets, if it has any.
    [[nodiscard]] virtual std::vector<XskQueueCounters> queues() const { return {}; }
    /// The port that is listened on, host order.
    [[nodiscard]] virtual std::uint16_t port() const = 0;
    /// Listens on another port from now on (0: the kernel's choice); descriptors() change. Nothing
    /// happens if it is the same one. On failure nothing has changed.
    [[nodiscard]] virtual Result<void> listen(std::uint16_t port) = 0;
    /// Descriptors that poll readable when there is something to receive.
    [[nodiscard]] virtual std::vector<int> descriptors() const = 0;

    /// Goes over to what the interfaces are now; costs next to nothing if nothing has changed. Call
    /// it now and then. @return true: descriptors() have changed
    [[nodiscard]] virtual bool refresh() { return false; }

    /// What has arrived at one of the descriptors; at most 64 datagrams are looked at per arrival.
    /// Never blocks. The bytes are valid until the next call. Empty: nothing more.
    [[nodiscard]] virtual std::span<Arrival> receive(int descriptor) = 0;
    /// Begins a vector of datagrams to one place. @pre the one before was sent or dropped
    /// @param traffic_class  DSCP and ECN of the outer header
    virtual void begin(const Endpoint& to, std::uint8_t traffic_class) = 0;
    /// Memory for one more datagram of the vector, from which it will be sent: filled without a
    /// copy. The first always has room. Empty: what is collected has to be sent first.
    /// @param size  1 to 65,507 bytes
    [[nodiscard]] virtual crypto::MutableBytes reserve(std::size_t size) = 0;
    /// Sends the vector. What there is no room for is lost, as on any wire, and counted.
    /// @return false if the kernel refused (no route, say); the link stays usable
    virtual bool commit() = 0;
    /// Drops the vector.
    virtual void abandon() = 0;

    /// Sends datagrams of `segment` bytes each (the last may be shorter), at most 64 and at most
    /// 65,507 bytes in all, to one place: like a vector, but copied, and whatever is collected.
    virtual bool send(const Endpoint& to,
                      crypto::Bytes bytes,
                      std::size_t segment,
                      std::uint8_t traffic_class) = 0;
    /// SO_MARK of all that is sent; 0: none.
    [[nodiscard]] virtual Result<void> set_mark(std::uint32_t mark) = 0;
};

}  // namespace tollgate::agent

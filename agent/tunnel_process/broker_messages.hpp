// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <netinet/in.h>

/// What a data process asks of the agent: messages of one size, one datagram each, over a socket
/// pair of SOCK_SEQPACKET; at most one descriptor comes with a message.
namespace tollgate::agent::tunnel_process {

enum class BrokerCall : std::uint32_t {
    socket,      ///< numbers: domain, type, protocol; the reply brings the socket
    set_option,  ///< numbers: name, value; of the socket that comes along. With SO_REUSEPORT it is
                 ///< bound, too: to the port that the last bind was for, of its family
    bind,        ///< address; of the socket that comes along
    socket_beside,  ///< of the TUN device that comes along; the reply brings the socket
    attach,      ///< the gate to the interface, before it is up; once, before the start is reported
    take_slots,  ///< TunnelSeat::take_slots; the result is the first
    mark_port,   ///< numbers: port, whether it is guarded
    store_time,  ///< time; EAGAIN: oftener than kWriteEvery, after kWritesAtOnce
    changed_by_wg,  ///< numbers: errno; 0: done
};

// A tunnel writes once in ten minutes, and when the clock of the host is set forward.
inline constexpr std::chrono::minutes kWriteEvery{1};
inline constexpr int kWritesAtOnce = 8;

struct BrokerRequest {
    BrokerCall call = BrokerCall::socket;
    std::array<std::int32_t, 3> numbers{};
    std::int64_t time = 0;  ///< ns since 1970, UTC
    std::uint32_t address_size = 0;
    sockaddr_in6 address{};  ///< or a shorter one
};

struct BrokerReply {
    std::int32_t result = 0;  ///< below 0: it failed
    std::int32_t error = 0;   ///< errno, if it failed
};

static_assert(std::is_trivially_copyable_v<BrokerRequest>);
static_assert(std::is_trivially_copyable_v<BrokerReply>);

}  // namespace tollgate::agent::tunnel_process

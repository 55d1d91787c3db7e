// SPDX-License-Identifier: MIT
#include "agent/tunnel/udp_group.hpp"

#include <array>
#include <cerrno>
#include <cstddef>

#include <linux/filter.h>
#include <sys/socket.h>

#include <tollgate/abi/wireguard.h>

#include "agent/tunnel/udp_socket.hpp"

namespace tollgate::agent {

namespace {

// A load beyond the datagram's end yields 0 as the result of the whole program.
Result<void> attach_selector(const FileDescriptor& first, std::size_t count) {
    constexpr auto kLoadByte = BPF_LD | BPF_B | BPF_ABS;
    constexpr auto kType = offsetof(tg_wg_data, type);
    constexpr auto kOfData = offsetof(tg_wg_data, receiver_index);
    constexpr auto kOfResponse = offsetof(tg_wg_response, receiver_index);
    static_assert(offsetof(tg_wg_cookie_reply, receiver_index) == kOfData);
    std::array<sock_filter, 10> program{{
        BPF_STMT(kLoadByte, kType),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TG_WG_RESPONSE, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TG_WG_COOKIE_REPLY, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TG_WG_DATA, 0, 5),
        BPF_STMT(kLoadByte, kOfData),
        BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0),
        BPF_STMT(kLoadByte, kOfResponse),
        BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, static_cast<std::uint32_t>(count)),
        BPF_STMT(BPF_RET | BPF_A, 0),
        BPF_STMT(BPF_RET | BPF_K, 0),
    }};
    const sock_fprog attached{static_cast<unsigned short>(program.size()), program.data()};
    if (::setsockopt(
            first.get(), SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &attached, sizeof attached) != 0) {
        return failure(errno, "choose a UDP socket by receiver index");
    }
    return {};
}

}  // namespace

// The first is bound alone: whoever has the port already keeps it, even if its sockets could be
// shared. Their order in the group is that in which they are bound.
Result<std::vector<FileDescriptor>> open_udp_group(int family,
                                                   std::uint16_t port,
                                                   std::size_t count) {
    std::vector<FileDescriptor> sockets;
    auto first = open_udp_socket(family, port);
    if (!first) {
        return Failure{first.error()};
    }
    sockets.push_back(*std::move(first));
    if (count == 1) {
        return sockets;
    }
    if (auto shared = share_port(sockets.front()); !shared) {
        return Failure{shared.error()};
    }
    while (sockets.size() < count) {
        auto next = open_udp_socket(family, bound_port(sockets.front()), PortUse::shared);
        if (!next) {
            return Failure{next.error()};
        }
        sockets.push_back(*std::move(next));
    }
    if (auto attached = attach_selector(sockets.front(), count); !attached) {
        return Failure{attached.error()};
    }
    return sockets;
}

}  // namespace tollgate::agent

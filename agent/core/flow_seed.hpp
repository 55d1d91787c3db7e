// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

#include <tollgate/ip.hpp>
#include <tollgate/result.hpp>

#include "agent/datapath/gate.hpp"

namespace tollgate::agent {

/// One line of /proc/net/tcp or tcp6 (proc(5)).
struct TcpSocket {
    IpAddress local;
    IpAddress remote;
    std::uint16_t local_port = 0;
    std::uint16_t remote_port = 0;
    bool listening = false;
    bool connected = false;  ///< data may still flow one way at least

    bool operator==(const TcpSocket&) const = default;
};

/// Reads the text of /proc/net/tcp or tcp6; lines that are none are left out.
[[nodiscard]] std::vector<TcpSocket> read_tcp_sockets(std::string_view text);

/// The flows of the connections that this host has: who listens on the port was connected to.
/// Those of other addresses than `locals`, of the zone's interface, are left out.
[[nodiscard]] std::vector<std::pair<tg_flow_key, tg_flow>> flows_of(
    const std::vector<TcpSocket>& sockets,
    const std::set<IpAddress>& locals,
    std::uint8_t zone,
    std::uint64_t now_ns);

/// Tells the gate of the connections that were there before it, so that they survive a later
/// enforce. @return how many
[[nodiscard]] Result<std::size_t> seed_flows(Gate& gate,
                                             const std::string& interface,
                                             std::uint8_t zone,
                                             std::uint64_t now_ns);

}  // namespace tollgate::agent

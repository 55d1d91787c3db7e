// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <tollgate/abi/flow.h>
#include <tollgate/ip.hpp>

#include "policy/model.hpp"

namespace tollgate::policy {

/// Wall-clock time at the resolution of captures.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// What carried a flow. The numbers are in evidence databases.
enum class Link : std::uint8_t {
    unknown = 0,  ///< recorded by a version that did not tell
    clear = 1,    ///< an interface of the host, or a capture
    tunnel = 2,   ///< a tunnel of ours
};

/// "unknown", "clear", "tunnel".
[[nodiscard]] std::string_view label(Link link);

/// One flow as the learner and the flow log see it, from the kernel's tables or from a capture.
struct FlowRecord {
    Direction direction = Direction::egress;  ///< of the first packet
    std::uint8_t protocol = 0;                ///< IPPROTO_*
    IpAddress remote;
    IpAddress local;
    MacAddress remote_mac;
    std::uint16_t remote_port = 0;  ///< host order; ICMP echo: identifier
    std::uint16_t local_port = 0;
    std::uint8_t icmp_type = 0;  ///< of the first packet
    std::uint8_t zone = 0;       ///< of the interface; 0 in a capture
    Link link = Link::unknown;
    std::string peer{};     ///< of our tunnels: the remote is it, or in a network behind it
    bool answered = false;  ///< see docs/packet-path.md, section 6
    bool assured = false;   ///< picked up mid-stream: `direction` is a guess
    bool group = false;     ///< to a multicast or broadcast address
    Timestamp first_seen;
    Timestamp last_seen;
    std::array<std::uint64_t, TG_DIRECTIONS> packets{};
    std::array<std::uint64_t, TG_DIRECTIONS> bytes{};

    /// The responder's port; ICMP and ICMPv6: the type; other protocols: 0.
    [[nodiscard]] std::uint16_t service_port() const;
    /// Whether the address that the first packet went to is that of a group by itself: multicast or
    /// 255.255.255.255. Of the broadcast address of a subnet only the frame tells.
    [[nodiscard]] bool goes_to_group() const;
    bool operator==(const FlowRecord&) const = default;
};

}  // namespace tollgate::policy

// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/datapath/gate_object.hpp"
#include "agent/datapath/map_entries.hpp"

namespace tollgate::agent {

/// The maps in which tunnels tell the gate of themselves (abi/tunnel.h), and no others: a process
/// that has these descriptors can say which of a tunnel's messages pass, and not what the policy
/// says. The descriptors are somebody else's.
struct TunnelMapSet {
    MapHandle ports;
    MapHandle tunnels;
    MapHandle receivers;
    MapHandle receiver_slots;
    MapHandle peer_sources;
    MapHandle peer_addresses;
    MapHandle peers_changed;
    MapHandle sockets;  ///< none if the kernel has no AF_XDP

    [[nodiscard]] static TunnelMapSet of(const GateObject& object);
    /// The same from what descriptors() has returned, perhaps in another process.
    /// @return EINVAL: too few or too many; else as MapHandle::of()
    [[nodiscard]] static Result<TunnelMapSet> of(std::span<const int> descriptors);
    /// In the order of the members.
    [[nodiscard]] std::vector<int> descriptors() const;
};

}  // namespace tollgate::agent

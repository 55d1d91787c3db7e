// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include <tollgate/ip.hpp>
#include <tollgate/result.hpp>

namespace tollgate::agent {

/// Which queue of a TUN device the host's packets for an address enter: that of the longest prefix,
/// queue 0 if none holds the address. The kernel looks it up for each packet.
class QueueSteering {
  public:
    QueueSteering() = default;
    virtual ~QueueSteering() = default;
    QueueSteering(const QueueSteering&) = delete;
    QueueSteering& operator=(const QueueSteering&) = delete;

    /// A loaded program for TUNSETSTEERINGEBPF; lives at least as long as this object.
    [[nodiscard]] virtual int program() const = 0;
    /// @return ENOSPC: there are TG_PEER_ADDRESSES_MAX prefixes; else as BPF_MAP_UPDATE_ELEM
    [[nodiscard]] virtual Result<void> put(const Prefix& prefix, std::uint32_t queue) = 0;
    virtual void remove(const Prefix& prefix) = 0;
};

/// Makes the one of one more tunnel. Empty: the kernel cannot, or nobody may ask it to.
using MakeQueueSteering = std::function<Result<std::unique_ptr<QueueSteering>>()>;

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include <tollgate/result.hpp>

#include "agent/tunnel/queue_steering.hpp"

namespace tollgate::agent {

/// Loads one more instance of bpf/tunnel_queue.bpf.c, with a map of its own that is empty.
/// @return EPERM without CAP_BPF and CAP_NET_ADMIN; else as BPF_MAP_CREATE, BPF_PROG_LOAD
[[nodiscard]] Result<std::unique_ptr<QueueSteering>> open_queue_steering();

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>

#include <tollgate/abi/flow.h>
#include <tollgate/result.hpp>

#include "agent/datapath/gate.hpp"
#include "agent/datapath/gate_object.hpp"

namespace tollgate::agent {

/// Runs a frame through an instance that was loaded with `dry_run` (BPF_PROG_TEST_RUN) and reads
/// what it met. @return EINVAL: the frame is shorter than an Ethernet header
[[nodiscard]] Result<Trace> trace_frame(const GateObject& dry_run,
                                        tg_link link,
                                        tg_direction direction,
                                        std::span<const std::byte> frame);

}  // namespace tollgate::agent

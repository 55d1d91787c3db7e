// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <tollgate/abi/flow.h>
#include <tollgate/abi/service.h>
#include <tollgate/ip.hpp>

#include "policy/flow_record.hpp"

/// From the kernel's tables to what the learner reads.
namespace tollgate::agent {

[[nodiscard]] IpAddress to_address(const __u8 (&bytes)[16]);

/// CLOCK_BOOTTIME to wall clock.
[[nodiscard]] policy::Timestamp to_timestamp(std::uint64_t boot_ns,
                                             std::int64_t boot_minus_wall_ns);

/// The MAC address stays zero: the flow table does not have it.
[[nodiscard]] policy::FlowRecord to_record(const tg_flow_key& key,
                                           const tg_flow& flow,
                                           std::int64_t boot_minus_wall_ns);

/// The sum of a service as one flow, with a packet for each flow.
[[nodiscard]] policy::FlowRecord to_record(const tg_service_key& key,
                                           const tg_service& service,
                                           std::int64_t boot_minus_wall_ns);

}  // namespace tollgate::agent

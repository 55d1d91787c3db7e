// SPDX-License-Identifier: MIT
#pragma once

#include "agent/exchange/exported.hpp"
#include "policy/model.hpp"

namespace tollgate::exchange {

/// Writes a policy as a NetworkPolicy (networking.k8s.io/v1) for all pods of a namespace. It can
/// allow addresses and ports; it denies nothing but by default, and knows neither names nor ICMP.
[[nodiscard]] Exported export_kubernetes(const policy::Policy& policy);

/// Writes a policy as a CiliumNetworkPolicy (cilium.io/v2), which also denies and knows names on
/// the way out, and ICMP types.
[[nodiscard]] Exported export_cilium(const policy::Policy& policy);

}  // namespace tollgate::exchange

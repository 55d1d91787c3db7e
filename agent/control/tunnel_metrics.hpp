// SPDX-License-Identifier: MIT
#pragma once

#include "agent/report/metrics.hpp"
#include "agent/tunnel/tunnel_control.hpp"

namespace tollgate::agent {

/// Adds the samples of the tunnels that answered. Peers beyond kPeerCountersMax have counters only,
/// summed up as peer="_other".
void add_tunnels(const TunnelControl::Scrape& scrape, MetricsPage& page);

}  // namespace tollgate::agent

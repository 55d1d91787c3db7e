// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/datapath/gate.hpp"
#include "agent/datapath/gate_object.hpp"

namespace tollgate::agent {

/// What the data path remembers: flows, services, resolved addresses. See Gate.
class StateTables {
  public:
    /// @param maps  must outlive this object
    explicit StateTables(const GateObject& maps) : maps_{maps} {}

    [[nodiscard]] Result<void> for_each_flow(const Gate::FlowVisitor& visit) const;
    [[nodiscard]] Result<void> seed_flow(const tg_flow_key& key, const tg_flow& flow) const;
    /// UDP to this port may be for us from now on, though no rule opens it: map `local_ports`.
    [[nodiscard]] Result<void> use_local_port(std::uint16_t number) const;
    [[nodiscard]] Result<void> for_each_service(const Gate::ServiceVisitor& visit) const;
    [[nodiscard]] Result<void> remove_service(const tg_service_key& key) const;
    [[nodiscard]] Result<void> resolve(const IpAddress& address,
                                       std::uint64_t pattern,
                                       std::uint64_t expires_ns) const;
    [[nodiscard]] Result<void> for_each_resolved(const Gate::ResolvedVisitor& visit) const;
    [[nodiscard]] Result<std::vector<PeerAddress>> peer_addresses() const;
    /// As Gate::peer_of().
    [[nodiscard]] std::string peer_of(std::uint8_t zone, const Prefix& inner) const;
    /// @param table  the name of its map
    [[nodiscard]] Gate::TableUse use(const char* table) const;
    /// The same with its evictions.
    [[nodiscard]] Gate::TableUse use_of_flows(const char* table, tg_flow_table index) const;

  private:
    const GateObject& maps_;
};

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <tuple>

#include "policy/flow_record.hpp"

namespace tollgate::policy {

/// The recent flows, newest last: what `simulate` and the preview of enforce are run over. The ones
/// that were updated longest ago make room.
class FlowHistory {
  public:
    explicit FlowHistory(std::size_t flows_max) : flows_max_(flows_max) {}

    /// Adds a flow, or replaces its earlier record: same addresses, ports, protocol and direction,
    /// and it began before the earlier one ended.
    /// @return the earlier record, if it was replaced
    std::optional<FlowRecord> update(const FlowRecord& flow);

    [[nodiscard]] const std::list<FlowRecord>& flows() const { return flows_; }
    [[nodiscard]] std::size_t size() const { return flows_.size(); }
    void clear();

  private:
    /// Direction, protocol, remote, local, remote port, local port.
    using Key =
        std::tuple<Direction, std::uint8_t, IpAddress, IpAddress, std::uint16_t, std::uint16_t>;
    [[nodiscard]] static Key key_of(const FlowRecord& flow);

    std::size_t flows_max_;
    std::list<FlowRecord> flows_;
    std::map<Key, std::list<FlowRecord>::iterator> latest_;
};

}  // namespace tollgate::policy

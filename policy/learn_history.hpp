// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "policy/flow_record.hpp"

namespace tollgate::policy {

/// A flow and the DNS name that its remote address was resolved from when it began, or "".
struct RecentFlow {
    FlowRecord flow;
    std::string name;
    bool operator==(const RecentFlow&) const = default;
};

/// The recent flows, newest last: what `simulate` and the preview of enforce are run over. The ones
/// that were updated longest ago make room.
class FlowHistory {
  public:
    explicit FlowHistory(std::size_t flows_max) : flows_max_(flows_max) {}

    /// Adds a flow, or replaces its earlier record: same interface, addresses, ports, protocol and
    /// direction, and it began while the earlier one lived (a second of grace: clocks of the
    /// kernel's tick).
    /// @return the flow's earlier record, if there was one
    std::optional<RecentFlow> update(const RecentFlow& flow);

    /// The earlier record that update() would replace, or null.
    [[nodiscard]] const RecentFlow* find(const FlowRecord& flow) const;

    [[nodiscard]] const std::list<RecentFlow>& flows() const { return flows_; }
    [[nodiscard]] std::size_t size() const { return flows_.size(); }
    /// How often update() was called: that many flows at the end of the list are new or changed.
    [[nodiscard]] std::uint64_t updates() const { return updates_; }
    void clear();

  private:
    using Flows = std::list<RecentFlow>;
    /// Zone, direction, protocol, remote, local, remote port, local port, ICMP type.
    using Key = std::tuple<std::uint8_t,
                           Direction,
                           std::uint8_t,
                           IpAddress,
                           IpAddress,
                           std::uint16_t,
                           std::uint16_t,
                           std::uint8_t>;
    [[nodiscard]] static Key key_of(const FlowRecord& flow);

    std::size_t flows_max_;
    Flows flows_;
    std::uint64_t updates_ = 0;
    std::map<Key, Flows::iterator> latest_;
};

}  // namespace tollgate::policy

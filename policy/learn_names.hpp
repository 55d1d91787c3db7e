// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <tollgate/ip.hpp>

#include "policy/flow_record.hpp"

namespace tollgate::policy {

/// One line of a DNS answer: asking for `name` gave `address`.
struct NameBinding {
    IpAddress address;
    std::string name;  ///< the question's name, in lower case, without the final dot
    Timestamp at;
    std::chrono::seconds ttl{0};
    bool operator==(const NameBinding&) const = default;
};

/// Which names an address was resolved from. At most TG_NAMES_PER_ADDRESS names for each address,
/// and a bounded number of addresses; the ones bound longest ago make room.
class NameTable {
  public:
    explicit NameTable(std::size_t addresses_max) : addresses_max_(addresses_max) {}

    void bind(const NameBinding& binding);

    /// The name that the address was last resolved from at that time, or null. Names do not expire
    /// here: applications keep answers longer than the TTL.
    [[nodiscard]] const NameBinding* latest(const IpAddress& address, Timestamp at) const;

    /// All names of the address that are valid at that time as the gate counts it: max(TTL, 15
    /// minutes), at most a week (docs/packet-path.md, section 8).
    [[nodiscard]] std::vector<std::string> valid(const IpAddress& address, Timestamp at) const;

    [[nodiscard]] std::size_t size() const { return bindings_.size(); }
    /// Every binding, for the evidence store.
    [[nodiscard]] const std::map<IpAddress, std::vector<NameBinding>>& all() const {
        return bindings_;
    }

  private:
    std::size_t addresses_max_;
    std::map<IpAddress, std::vector<NameBinding>> bindings_;  ///< oldest first
    std::deque<IpAddress> order_;                             ///< first bound first
};

}  // namespace tollgate::policy

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
    /// In a NameTable: the first answer of those that followed each other before they had expired.
    Timestamp since = Timestamp::max();
    bool operator==(const NameBinding&) const = default;
};

/// Which names an address was resolved from. At most TG_NAMES_PER_ADDRESS names for each address,
/// and a bounded number of addresses; the ones bound longest ago make room.
class NameTable {
  public:
    explicit NameTable(std::size_t addresses_max) : addresses_max_(addresses_max) {}

    /// @param answer `since` is taken as far as it is earlier than `at`
    void bind(const NameBinding& answer);

    /// The name that the address was last resolved from at that time, or null. Names do not expire
    /// here: applications keep answers longer than the TTL.
    [[nodiscard]] const NameBinding* latest(const IpAddress& address, Timestamp at) const;

    /// All names of the address that are valid at that time as the gate counts it: max(TTL, 15
    /// minutes), at most a week (docs/packet-path.md, section 8).
    [[nodiscard]] std::vector<std::string> valid(const IpAddress& address, Timestamp at) const;

    /// The valid names, and those of answers that came later by no more than they last: a flow
    /// before the first answer goes back to one that nobody watched.
    [[nodiscard]] std::vector<std::string> around(const IpAddress& address, Timestamp at) const;

    [[nodiscard]] std::size_t size() const { return bindings_.size(); }
    /// Every binding, for the evidence store.
    [[nodiscard]] const std::map<IpAddress, std::vector<NameBinding>>& all() const {
        return bindings_;
    }

  private:
    /// @param before how much longer than `since` a name counts, in lifetimes
    [[nodiscard]] std::vector<std::string> names_at(const IpAddress& address,
                                                    Timestamp at,
                                                    int before) const;

    std::size_t addresses_max_;
    std::map<IpAddress, std::vector<NameBinding>> bindings_;  ///< oldest first
    std::deque<IpAddress> order_;                             ///< first bound first
};

}  // namespace tollgate::policy

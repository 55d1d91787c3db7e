// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <tollgate/abi/flow.h>

#include "policy/model.hpp"
#include "policy/reference_packet.hpp"

namespace tollgate::policy {

/// The DNS queries of this host that wait for their answer, and the addresses that answers have
/// admitted (docs/packet-path.md, section 8).
class ReferenceDns {
  public:
    /// What an address is known as, and until when.
    using Names = std::map<NamePattern, BootTime>;
    struct Question {
        std::string name;
        std::uint32_t type_and_class = 0;
        bool operator==(const Question&) const = default;
    };

    /// Reads a message that passed the gate, on a flow to remote port 53.
    /// @param known the names that are worth remembering
    void read(const PacketView& view, const std::vector<NamePattern>& known);

    /// Admits an address for a pattern, as an answer does.
    void resolve(const IpAddress& address, const NamePattern& pattern, BootTime expires);

    /// The patterns that an address was resolved from. @param expired those that have expired, too
    [[nodiscard]] std::set<NamePattern> names_of(const IpAddress& address,
                                                 BootTime now,
                                                 bool expired) const;
    [[nodiscard]] const std::map<IpAddress, Names>& resolved() const { return resolved_; }

  private:
    struct Query {
        Question question;
        BootTime expires{0};
    };
    using QueryKey = std::pair<std::uint16_t, tg_flow_key>;
    struct QueryLess {
        bool operator()(const QueryKey& a, const QueryKey& b) const {
            return a.first != b.first ? a.first < b.first : KeyLess{}(a.second, b.second);
        }
    };

    void read_query(const PacketView& view);
    void read_answer(const PacketView& view, const std::vector<NamePattern>& known);

    std::map<QueryKey, Query, QueryLess> queries_;
    std::map<IpAddress, Names> resolved_;
};

}  // namespace tollgate::policy

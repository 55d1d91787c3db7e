// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include <tollgate/abi/limits.h>

#include "policy/dns_message.hpp"
#include "policy/learn_names.hpp"

namespace tollgate::policy {

/// The DNS queries of the protected side that wait for their answer, so that an answer to no query
/// names nothing (docs/packet-path.md, section 8). At most TG_DNS_QUERIES_MAX; the oldest make
/// room.
class DnsQueries {
  public:
    /// Identifies the flow to the resolver.
    using FlowId = std::vector<std::uint8_t>;

    /// Notes a standard query with one question; anything else is ignored.
    void query(const FlowId& flow, std::span<const std::byte> message, Timestamp at);

    /// Takes an answer on the same flow. @return what it says about the name that was asked for;
    /// empty if no query of the last 30 s waits for it. Each query is answered once.
    [[nodiscard]] std::vector<NameBinding> answer(const FlowId& flow,
                                                  std::span<const std::byte> message,
                                                  Timestamp at);

  private:
    using Key = std::pair<FlowId, std::uint16_t>;
    struct Query {
        DnsQuestion question;
        Timestamp at;
    };
    std::map<Key, Query> waiting_;
    std::deque<Key> order_;
};

}  // namespace tollgate::policy

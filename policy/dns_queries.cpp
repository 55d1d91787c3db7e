// SPDX-License-Identifier: MIT
#include "policy/dns_queries.hpp"

namespace tollgate::policy {

void DnsQueries::query(const FlowId& flow, std::span<const std::byte> message, Timestamp at) {
    const auto read = read_dns_message(message);
    if (!read || read->is_response() || read->opcode() != 0 || read->questions.size() != 1) {
        return;
    }
    const Key key{flow, read->id};
    if (waiting_.insert_or_assign(key, Query{read->questions.front(), at}).second) {
        order_.push_back(key);
    }
    while (order_.size() > TG_DNS_QUERIES_MAX) {
        waiting_.erase(order_.front());
        order_.pop_front();
    }
}

std::vector<NameBinding> DnsQueries::answer(const FlowId& flow,
                                            std::span<const std::byte> message,
                                            Timestamp at) {
    const auto read = read_dns_message(message);
    if (!read || !read->is_response() || read->questions.size() != 1) {
        return {};
    }
    const auto waiting = waiting_.find({flow, read->id});
    if (waiting == waiting_.end() || waiting->second.question != read->questions.front()) {
        return {};
    }
    const bool late = at - waiting->second.at > std::chrono::nanoseconds(TG_DNS_QUERY_NS);
    std::erase(order_, waiting->first);
    waiting_.erase(waiting);
    std::vector<NameBinding> bindings;
    if (!late) {
        for (const DnsAddress& found : addresses_of(*read)) {
            bindings.push_back({found.address, read->questions.front().name, at, found.ttl});
        }
    }
    return bindings;
}

}  // namespace tollgate::policy

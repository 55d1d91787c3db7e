// SPDX-License-Identifier: MIT
#include "policy/learn_history.hpp"

#include <iterator>
#include <utility>

namespace tollgate::policy {
namespace {

constexpr std::chrono::seconds kClockGrace{1};

}  // namespace

FlowHistory::Key FlowHistory::key_of(const FlowRecord& flow) {
    return {flow.zone,
            flow.direction,
            flow.protocol,
            flow.remote,
            flow.local,
            flow.remote_port,
            flow.local_port,
            flow.icmp_type};
}

const RecentFlow* FlowHistory::find(const FlowRecord& flow) const {
    const auto latest = latest_.find(key_of(flow));
    if (latest == latest_.end()) {
        return nullptr;
    }
    const FlowRecord& known = latest->second->flow;
    const bool same =
        known.first_seen - kClockGrace <= flow.first_seen && flow.first_seen <= known.last_seen;
    return same ? &*latest->second : nullptr;
}

std::optional<RecentFlow> FlowHistory::update(const RecentFlow& flow) {
    ++updates_;
    const Key key = key_of(flow.flow);
    if (find(flow.flow) != nullptr) {
        const auto known = latest_.at(key);
        RecentFlow earlier = std::exchange(*known, flow);
        flows_.splice(flows_.end(), flows_, known);
        return earlier;
    }
    flows_.push_back(flow);
    latest_[key] = std::prev(flows_.end());
    if (flows_.size() > flows_max_) {
        const auto oldest = latest_.find(key_of(flows_.front().flow));
        if (oldest != latest_.end() && oldest->second == flows_.begin()) {
            latest_.erase(oldest);
        }
        flows_.pop_front();
    }
    return std::nullopt;
}

void FlowHistory::clear() {
    flows_.clear();
    latest_.clear();
}

}  // namespace tollgate::policy

// SPDX-License-Identifier: MIT
#include "policy/simulate.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <arpa/inet.h>

namespace tollgate::policy {
namespace {

constexpr std::uint32_t kFrameMax = 0x20000;  // a TSO frame has 64 KiB and headers

// Nothing is forbidden, and no part of the baseline makes a flow.
Policy observing() {
    Policy policy;
    policy.default_action = {Action::pass, Action::pass};
    return policy;
}

// The device sent its first packet, or answered. A stray segment picked up on the way in has
// neither.
bool counts(const ReferenceFlow& flow) {
    const bool device_spoke = flow.packets[TG_EGRESS] > 0;
    return device_spoke && (flow.initiator == Direction::egress || flow.answered);
}

Timestamp wall_time(BootTime time) {
    return Timestamp(std::chrono::duration_cast<std::chrono::microseconds>(time));
}

FlowRecord record_of(const tg_flow_key& key, const ReferenceFlow& flow) {
    FlowRecord record;
    record.direction = flow.initiator;
    record.protocol = key.protocol;
    std::copy(std::begin(key.remote), std::end(key.remote), record.remote.bytes.begin());
    std::copy(std::begin(key.local), std::end(key.local), record.local.bytes.begin());
    record.remote_mac = flow.remote_mac;
    record.remote_port = ntohs(key.remote_port);
    record.local_port = ntohs(key.local_port);
    record.icmp_type = flow.icmp_type;
    record.answered = flow.answered;
    record.assured = flow.picked_up;
    record.group = record.goes_to_group();
    record.link = Link::clear;
    record.first_seen = wall_time(flow.first_seen);
    record.last_seen = wall_time(flow.last_seen);
    record.packets = flow.packets;
    record.bytes = flow.bytes;
    return record;
}

}  // namespace

Simulation::Simulation(Policy policy)
    : enforcer_(std::move(policy), Stage::enforce), observer_(observing(), Stage::learn) {}

void Simulation::add(std::span<const std::byte> frame,
                     Direction direction,
                     Timestamp at,
                     std::uint32_t original_length) {
    // The models' clock is the capture's: boot time 0 is 1970.
    now_ = std::max(now_, BootTime(at.time_since_epoch()));
    if (frame.size() >= original_length || original_length > kFrameMax) {
        judge(frame, direction);
        return;
    }
    std::vector<std::byte> whole(frame.begin(), frame.end());
    whole.resize(original_length);
    judge(whole, direction);
}

void Simulation::judge(std::span<const std::byte> frame, Direction direction) {
    const Judgement enforced = enforcer_.judge(frame, direction, now_);
    const Judgement seen = observer_.judge(frame, direction, now_);
    ++totals_.packets;
    if (!enforced.passed) {
        ++totals_.packets_blocked;
        ++totals_.blocked_by_reason[enforced.reason];
    }
    if (seen.flow) {
        account(seen, enforced, direction);
    }
}

void Simulation::account(const Judgement& seen, const Judgement& enforced, Direction direction) {
    const tg_flow_key& key = *seen.flow;
    const ReferenceFlow& flow = observer_.flows().at(key);
    if (seen.flow_created) {
        current_[key] = outcomes_.size();
        outcomes_.emplace_back().key = key;
    }
    Outcome& outcome = outcomes_.at(current_.at(key));
    outcome.flow = flow;
    if (enforced.passed) {
        outcome.passed = outcome.passed || direction == flow.initiator;
        return;
    }
    ++outcome.dropped;
    if (outcome.reason == DropReason::none) {
        outcome.reason = enforced.reason;
        outcome.rule = enforced.rule != nullptr ? enforced.rule->name : "";
    }
}

SimulationReport Simulation::report() const {
    SimulationReport report = totals_;
    for (const Outcome& outcome : outcomes_) {
        if (!counts(outcome.flow)) {
            continue;
        }
        ++report.flows;
        if (!outcome.passed && outcome.dropped > 0) {
            report.blocked.push_back({record_of(outcome.key, outcome.flow),
                                      outcome.reason,
                                      outcome.rule,
                                      outcome.dropped});
        }
    }
    return report;
}

}  // namespace tollgate::policy

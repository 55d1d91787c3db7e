// SPDX-License-Identifier: MIT
#include "agent/core/flow_log_feed.hpp"

#include <algorithm>
#include <utility>

#include <arpa/inet.h>

#include "agent/core/flow_records.hpp"

namespace tollgate::agent {

namespace {

constexpr std::chrono::seconds kPatience{3};

policy::FlowRecord dropped_flow(const ObservedEvent& event) {
    const tg_event& dropped = event.record;
    policy::FlowRecord flow;
    flow.direction = static_cast<policy::Direction>(dropped.direction);
    flow.protocol = dropped.key.protocol;
    flow.remote = to_address(dropped.key.remote);
    flow.local = to_address(dropped.key.local);
    std::copy(std::begin(dropped.remote_mac),
              std::end(dropped.remote_mac),
              flow.remote_mac.bytes.begin());
    flow.remote_port = ntohs(dropped.key.remote_port);
    flow.local_port = ntohs(dropped.key.local_port);
    flow.icmp_type = dropped.icmp_type;
    flow.zone = dropped.key.zone;
    flow.link = event.link == TG_LINK_TUNNEL ? policy::Link::tunnel : policy::Link::clear;
    flow.peer = event.peer;
    flow.first_seen = flow.last_seen =
        policy::Timestamp{std::chrono::microseconds{event.wall_ns / 1000}};
    flow.packets.at(dropped.direction) = dropped.packets;
    return flow;
}

}  // namespace

FlowLogFeed::FlowLogFeed(const FlowLogSettings& settings,
                         std::unique_ptr<FlowLog> log,
                         Sources sources)
    : settings_{settings},
      log_{std::move(log)},
      sources_{sources},
      ledger_{static_cast<std::uint64_t>(settings.interval.count()) * TG_SECOND,
              {.tell = [this](const FlowLedger::Line& line) { tell(line); },
               .rule_name =
                   [this](const tg_flow& flow) {
                       return rule_name(flow.generation, flow.rule);
                   }}} {}

void FlowLogFeed::follow_policy() {
    const std::uint32_t generation = sources_.warden.in_force().number;
    if (generation != policy_.generation) {
        policy_before_ = std::exchange(policy_, {generation, sources_.warden.policy()});
    }
}

std::string FlowLogFeed::rule_name(std::uint32_t generation, std::uint32_t rule) const {
    for (const NumberedPolicy* known : {&policy_, &policy_before_}) {
        if (known->policy && known->generation == generation) {
            return std::string{known->policy->rule_name(rule)};
        }
    }
    return {};
}

void FlowLogFeed::begin_sweep() {
    follow_policy();
    links_ = links_of(sources_.watch.interfaces());
    for (const ProtectedInterface& interface : sources_.watch.interfaces()) {
        interfaces_.at(interface.zone) = interface.name;
    }
    boot_minus_wall_ns_ = sources_.clock.boot_minus_wall_ns();
    const auto counters = sources_.gate.gate_counters();
    made_ = counters ? counters->flows_created + counters->embryos_created : made_;
    if (std::exchange(is_first_sweep_, false)) {
        made_before_ = made_;
        ledger_.take_over();
    }
    ledger_.begin_look(sources_.clock.boot_ns());
}

void FlowLogFeed::show(const tg_flow_key& key, const tg_flow& flow) {
    if (settings_.flows) {
        ledger_.show(key, flow);
    }
}

void FlowLogFeed::end_sweep(bool whole) {
    ledger_.end_look(whole);
    if (settings_.flows && whole) {
        count_unseen();
    }
    tell_losses();
}

// Flows that were made while the table was read may have been seen and not counted yet: the next
// sweep puts that right.
void FlowLogFeed::count_unseen() {
    const std::uint64_t made = made_ - made_before_;
    const std::uint64_t unseen = made > ledger_.seen() ? made - ledger_.seen() : 0;
    const std::uint64_t known = lost_.flows + losses_.flows;
    losses_.flows += unseen > known ? unseen - known : 0;
    losses_.ends = ledger_.missed_ends() - lost_.ends;
}

void FlowLogFeed::tell_losses() {
    if (!losses_.any()) {
        return;
    }
    FlowLogRecord record;
    record.type = FlowLogType::lost;
    record.flow.last_seen = to_timestamp(sources_.clock.boot_ns(), boot_minus_wall_ns_);
    record.losses = losses_;
    log_->put(std::move(record));
    lost_.flows += losses_.flows;
    lost_.ends += losses_.ends;
    lost_.drops += losses_.drops;
    losses_ = {};
}

void FlowLogFeed::tell(const FlowLedger::Line& line) {
    FlowLogRecord record;
    record.type = line.type;
    record.end = line.end;
    record.flow = to_record(line.key, line.flow, boot_minus_wall_ns_);
    record.total_packets = record.flow.packets;
    record.total_bytes = record.flow.bytes;
    record.flow.packets = line.packets;
    record.flow.bytes = line.bytes;
    // Without its interface, nobody knows what carried it.
    static_cast<void>(complete(record.flow, links_, sources_.gate));
    if ((line.flow.flags & TG_FLOW_WOULD_DROP) != 0) {
        record.reason = static_cast<tg_drop_reason>(line.flow.would_drop);
    }
    record.generation = line.flow.generation;
    record.rule = line.rule;
    record.remote_name = sources_.learning.name_of(record.flow.remote);
    if (line.key.zone < interfaces_.size()) {
        record.interface = interfaces_.at(line.key.zone);
    }
    log_->put(std::move(record));
}

void FlowLogFeed::note_event(const ObservedEvent& event) {
    const tg_event& dropped = event.record;
    const bool is_drop = event.type == EventType::drop;
    if (!is_drop && event.type != EventType::would_drop) {
        return;
    }
    const auto reason = static_cast<tg_drop_reason>(dropped.reason);
    if (is_drop) {
        ledger_.note_drop(dropped.key, dropped.time_ns, reason);
    }
    if (!(is_drop ? settings_.drops : settings_.would_drops)) {
        return;
    }
    follow_policy();
    FlowLogRecord record;
    record.type = is_drop ? FlowLogType::drop : FlowLogType::would_drop;
    record.flow = dropped_flow(event);
    record.reason = reason;
    record.tcp_flags = dropped.tcp_flags;
    record.generation = dropped.generation;
    record.rule = rule_name(dropped.generation, dropped.rule);
    record.remote_name = event.name;
    if (dropped.key.zone < interfaces_.size()) {
        record.interface = interfaces_.at(dropped.key.zone);
    }
    log_->put(std::move(record));
}

void FlowLogFeed::stop() {
    ledger_.stop();
    log_->stop(kPatience);
}

}  // namespace tollgate::agent

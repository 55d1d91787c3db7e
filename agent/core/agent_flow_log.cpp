// SPDX-License-Identifier: MIT
// The flow log: it reads the flow table together with the learner.
#include "agent/core/agent.hpp"
#include "agent/core/flow_link.hpp"
#include "agent/core/flow_log_feed.hpp"
#include "agent/flowlog/flow_log.hpp"
#include "agent/flowlog/settings.hpp"

namespace tollgate::agent {

Agent::~Agent() = default;

StartResult<void> Agent::start_flow_log() {
    if (!options_.flow_log) {
        return {};
    }
    auto sinks = make_sinks(*options_.flow_log);
    if (!sinks) {
        return Unexpected<StartError>{StartError{ExitCode::usage, sinks.error()}};
    }
    flow_log_ = std::make_unique<FlowLogFeed>(
        *options_.flow_log,
        std::make_unique<FlowLog>(std::move(*sinks)),
        FlowLogFeed::Sources{*gate_, clock_, *warden_, watch_, *learning_});
    sweep();
    return {};
}

void Agent::stop_flow_log() {
    if (flow_log_) {
        flow_log_->stop();
    }
}

void Agent::sweep_flows() {
    const ZoneLinks links = links_of(watch_.interfaces());
    if (!flow_log_) {
        static_cast<void>(learning_->sweep(links));
        return;
    }
    flow_log_->begin_sweep();
    const bool whole = learning_->sweep(
        links,
        [this](const tg_flow_key& key, const tg_flow& flow, bool) { flow_log_->show(key, flow); });
    flow_log_->end_sweep(whole);
}

void Agent::note_event(ObservedEvent event) {
    if (flow_log_) {
        flow_log_->note_event(event);
    }
    events_.add(std::move(event));
}

void Agent::note_lost_events(std::uint64_t packets) {
    if (flow_log_) {
        flow_log_->note_lost_drops(packets);
    }
    ObservedEvent event;
    event.type = EventType::lost;
    event.wall_ns = clock_.wall_ns();
    event.record.packets = packets;
    events_.add(std::move(event));
}

}  // namespace tollgate::agent

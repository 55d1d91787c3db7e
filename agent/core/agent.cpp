// SPDX-License-Identifier: MIT
#include "agent/core/agent.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "agent/core/coverage.hpp"
#include "agent/core/flow_log_feed.hpp"
#include "agent/core/flow_records.hpp"
#include "agent/core/flow_seed.hpp"
#include "agent/core/remembered_interfaces.hpp"
#include "agent/report/log.hpp"
#include "agent/system/file.hpp"

namespace tollgate::agent {

namespace {

constexpr std::uint64_t kSweepTicks = 5;
constexpr std::uint64_t kSaveTicks = 60;
constexpr std::size_t kPolicyBytesMax = std::size_t{1} << 20;

Unexpected<StartError> stop_with(ExitCode code, Error error) {
    return Unexpected<StartError>{StartError{code, std::move(error)}};
}

EventType type_of(const tg_event& record) {
    switch (record.type) {
        case TG_EVENT_NEW_SERVICE:
            return EventType::service;
        case TG_EVENT_NEW_FLOW:
            return EventType::flow;
        case TG_EVENT_DNS_ANSWER:
            return EventType::dns;
        default:
            return record.would_drop != 0 ? EventType::would_drop : EventType::drop;
    }
}

StartResult<PolicyPointer> read_first_policy(const std::filesystem::path& path,
                                             const Clock& clock) {
    auto text = read_file(path, kPolicyBytesMax);
    if (!text) {
        return stop_with(ExitCode::policy_refused, text.error());
    }
    auto policy =
        load_policy(std::move(*text), policy::WallTime{std::chrono::seconds{clock.wall_seconds()}});
    if (!policy) {
        return stop_with(
            ExitCode::policy_refused,
            Error{{}, policy::format_problems(path.string(), policy.error().problems)});
    }
    return *policy;
}

}  // namespace

Agent::Agent(Options options, std::unique_ptr<Gate> gate, const Clock& clock)
    : options_{std::move(options)},
      gate_{std::move(gate)},
      clock_{clock},
      watch_{*gate_},
      started_ns_{clock.boot_ns()} {}

StartResult<std::unique_ptr<Agent>> Agent::start(const Options& options,
                                                 std::unique_ptr<Gate> gate,
                                                 const Clock& clock) {
    std::unique_ptr<Agent> agent{new Agent(options, std::move(gate), clock)};
    auto started = agent->open_state();
    if (started) {
        started = agent->attach();
    }
    if (started) {
        started = agent->start_flow_log();
    }
    if (!started) {
        started.error().leaves_nothing =
            !agent->gate_->adopted() && agent->watch_.interfaces().empty();
        return Unexpected<StartError>{started.error()};
    }
    agent->note_in_force("agent", "agent/start");
    return agent;
}

StartResult<void> Agent::open_state() {
    auto store = StateStore::open(options_.state_dir);
    if (!store) {
        return stop_with(ExitCode::state_folder, store.error());
    }
    auto audit_log = AuditLog::open(options_.state_dir / "audit", clock_);
    if (!audit_log) {
        return stop_with(ExitCode::state_folder, audit_log.error());
    }
    audit_log_ = std::move(*audit_log);
    PolicyPointer first_policy;
    if (options_.policy_file && !options_.follow_policy) {
        auto read = read_first_policy(*options_.policy_file, clock_);
        if (!read) {
            return Unexpected<StartError>{read.error()};
        }
        first_policy = *read;
    }
    auto evidence = policy::EvidenceStore::open(options_.state_dir / "evidence.db");
    if (!evidence) {  // no reason to do without a gate
        evidence = policy::EvidenceStore::in_memory(fmt::format(
            "{}: learning begins anew, and is forgotten at the end", evidence.error().message()));
    }
    if (!evidence) {
        return stop_with(ExitCode::state_folder, evidence.error());
    }
    auto warden = Warden::start(*gate_, *store, clock_, options_.interfaces, first_policy);
    if (!warden) {
        const bool state = warden.error().code.value() == EBADMSG ||
                           warden.error().code.value() == ENOSPC ||
                           warden.error().code.value() == EROFS;
        return stop_with(state ? ExitCode::state_folder : ExitCode::failed, warden.error());
    }
    warden_ = std::move(*warden);
    if (const auto& history = warden_->state().history; !history.empty()) {
        changes_.last_success_wall_s = history.back().time_wall_s;
    }
    learning_ = std::make_unique<LearnDriver>(*gate_, clock_, std::move(*evidence));
    if (auto loaded = learning_->load(); !loaded) {
        return stop_with(ExitCode::state_folder, loaded.error());
    }
    learning_->learner().set_blocklist(
        [this](const IpAddress& address) { return blocklist_.holds(address); });
    if (auto restored = restore_blocklist(); !restored) {
        return stop_with(ExitCode::state_folder, restored.error());
    }
    return {};
}

StartResult<void> Agent::attach() {
    for (const std::string& interface : options_.interfaces) {
        const std::uint8_t zone = warden_->state().zones.at(interface);
        if (auto attached = watch_.attach(interface, zone); !attached) {
            if (attached.error().code != ExitCode::no_interface || !options_.interfaces_may_come) {
                return attached;
            }
            watch_.expect(interface, zone);
            continue;
        }
        if (gate_->adopted()) {
            continue;
        }
        if (auto seeded = seed_flows(*gate_, interface, zone, clock_.boot_ns()); !seeded) {
            log(LogLevel::warn, "flows.unseeded", {{"error", seeded.error().message()}});
        }
    }
    if (auto kept = remember_interfaces(options_.state_dir, options_.default_routes); !kept) {
        log(LogLevel::error, "interfaces.unsaved", {{"error", kept.error().message()}});
    }
    learning_->preload_names(warden_->policy()->policy);
    return {};
}

ObservedEvent Agent::observed(const tg_event& record) const {
    ObservedEvent event;
    event.record = record;
    event.type = type_of(record);
    event.wall_ns = static_cast<std::int64_t>(record.time_ns) - clock_.boot_minus_wall_ns();
    event.name = learning_->name_of(to_address(record.key.remote));
    tell_link(event);
    return event;
}

void Agent::on_event(std::span<const std::byte> record) {
    tg_event begin{};
    if (record.size() < sizeof begin) {
        return;
    }
    std::memcpy(&begin, record.data(), sizeof begin);
    ObservedEvent event = observed(begin);
    if (event.record.type == TG_EVENT_DROP) {
        event.record.packets = pending_.news_of(event.record);
        if (event.record.packets == 0) {
            return;
        }
    }
    if (event.type == EventType::dns && record.size() >= offsetof(tg_event_dns, message)) {
        read_dns(std::move(event), record);
        return;
    }
    note_event(std::move(event));
}

void Agent::read_events() {
    auto read = gate_->poll_events([this](std::span<const std::byte> record) { on_event(record); });
    if (!read) {
        ++changes_.event_errors;
        log(LogLevel::warn, "events.unread", {{"error", read.error().message()}});
    }
}

// The last drops before a silence, which the data path keeps back until the next of their kind.
void Agent::read_pending_drops() {
    auto held = gate_->reports();
    if (!held) {
        log(LogLevel::warn, "reports.unread", {{"error", held.error().message()}});
        return;
    }
    for (const tg_event& record : pending_.tell(std::move(*held), clock_.boot_ns())) {
        note_event(observed(record));
    }
    read_events();
    losses_told_ += pending_.settle();
}

// A row in the history that says how many drops no event tells of.
void Agent::note_losses() {
    const auto counters = gate_->gate_counters();
    if (!counters) {
        return;
    }
    const std::uint64_t lost = counters->events_lost + counters->drops_unreported;
    if (ticks_ > 1 && lost > losses_told_) {
        note_lost_events(lost - losses_told_);
    }
    losses_told_ = std::max(losses_told_, lost);
}

void Agent::sweep() {
    read_events();
    if (dns_ != nullptr) {
        dns_->settle();
    }
    sweep_flows();
}

void Agent::tick() {
    ++ticks_;
    const bool was_open = warden_->state().open;
    if (warden_->tick()) {
        changes_.last_successful = false;
        learning_->preload_names(warden_->policy()->policy);
        note_in_force("deadline", "policy/revert");
    }
    if (warden_->state().open != was_open) {
        note_in_force("unknown", was_open ? "close" : "open");
    }
    watch_.tick();
    read_pending_drops();
    note_losses();
    if (ticks_ % kSweepTicks == 0) {
        sweep();
    }
    if (ticks_ % kSaveTicks == 0) {
        learning_->save();
    }
}

void Agent::stop() {
    sweep();
    stop_flow_log();
    learning_->save();
    audit_log_->note({0, "agent", "agent/stop", "done", {}});
}

void Agent::note_in_force(std::string actor, std::string action) {
    const Generation& generation = warden_->in_force();
    audit_log_->note({0,
                      std::move(actor),
                      std::move(action),
                      "done",
                      {{"version", TOLLGATE_VERSION},
                       {"generation", std::to_string(generation.number)},
                       {"policy", generation.hash},
                       {"open", warden_->state().open ? "yes" : "no"}}});
}

std::string Agent::interface_of(std::uint8_t zone) const {
    for (const ProtectedInterface& interface : watch_.interfaces()) {
        if (interface.zone == zone) {
            return interface.name;
        }
    }
    return {};
}

std::vector<std::string> Agent::warnings() const {
    std::vector<std::string> warnings = warden_->warnings();
    if (!learning_->warning().empty()) {
        warnings.push_back(learning_->warning());
    }
    if (!audit_log_->warning().empty()) {
        warnings.push_back(audit_log_->warning());
    }
    if (policy_file_ && !policy_file_->problem.empty()) {
        warnings.push_back(policy_file_->problem);
    }
    if (flow_log_) {
        for (const FlowLogCounters::OfSink& sink : flow_log_->counters().sinks) {
            if (!sink.problem.empty()) {
                warnings.push_back(fmt::format("flow log to {}: {}", sink.name, sink.problem));
            }
        }
    }
    for (const ProtectedInterface& interface : watch_.interfaces()) {
        if (interface.is_unprotected()) {
            warnings.push_back(
                fmt::format("{} is not protected: {}", interface.name, interface.reason));
        } else if (interface.fell_back()) {
            warnings.push_back(fmt::format("{} is not protected in the driver: {}",
                                           interface.name,
                                           interface.attachment->fallback_reason));
        }
    }
    return warnings;
}

policy::Policy Agent::exported_policy(policy::Stage mode) {
    sweep();
    policy::ProposalOptions proposal;
    proposal.mode = mode;
    proposal.approved_only = true;
    proposal.tunnels = has_tunnel();
    policy::Policy approved = learning_->learner().propose(proposal);
    if (warden_->policy()->hash.empty()) {
        return approved;
    }
    policy::Policy merged = with_rules_of(warden_->policy()->policy, approved);
    merged.mode = mode;
    return merged;
}

RecordedTraffic Agent::recorded_traffic() {
    sweep();
    RecordedTraffic traffic;
    const auto& flows = learning_->learner().history().flows();
    traffic.flows.assign(flows.begin(), flows.end());
    traffic.names = learning_->learner().names();
    traffic.blocklist = blocklist_;
    traffic.tunnels = tunnel_peers();
    traffic.now = to_timestamp(clock_.boot_ns(), clock_.boot_minus_wall_ns());
    return traffic;
}

void Agent::note_refusal(const Refusal& refusal, std::string_view what) {
    changes_.last_successful = false;
    ++changes_.refused;
    log(LogLevel::warn, "policy.refused", {{"change", what}, {"reason", refusal.message}});
}

void Agent::note(const Answer<Generation>& change, std::string_view what) {
    if (!change) {
        note_refusal(change.error(), what);
        return;
    }
    changes_.last_successful = true;
    changes_.last_success_wall_s = clock_.wall_seconds();
    log(LogLevel::info,
        "policy.changed",
        {{"change", what}, {"generation", change->number}, {"hash", change->hash.substr(0, 12)}});
}

Answer<Generation> Agent::change(const Proposal& proposal) {
    // Before the switch: the first packet to a name that the new policy allows must not be late.
    if (proposal.policy) {
        learning_->preload_names(proposal.policy->policy);
    }
    const std::uint64_t begun = clock_.boot_ns();
    auto changed = warden_->change(proposal);
    changes_.durations.add(static_cast<double>(clock_.boot_ns() - begun) / TG_SECOND);
    note(changed, proposal.change);
    return changed;
}

Answer<Generation> Agent::confirm(std::optional<std::uint32_t> generation, const Session& session) {
    auto confirmed = warden_->confirm(generation, session);
    note(confirmed, "confirm");
    return confirmed;
}

Answer<Generation> Agent::revert() {
    auto reverted = warden_->revert();
    note(reverted, "revert");
    return reverted;
}

Answer<Generation> Agent::open() {
    if (auto opened = warden_->open(); !opened) {
        return refuse(opened.error());
    }
    log(LogLevel::warn, "gate.opened");
    return warden_->in_force();
}

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#include "policy/learn.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "policy/learn_policy.hpp"

namespace tollgate::policy {
namespace {

std::uint64_t total(const std::array<std::uint64_t, TG_DIRECTIONS>& counters) {
    return counters[TG_INGRESS] + counters[TG_EGRESS];
}

std::uint64_t growth(std::uint64_t now, std::uint64_t before) {
    return now > before ? now - before : 0;
}

// What a record adds to its service, given what was counted of the same flow before.
ServiceEvidence difference(const FlowRecord& flow, const FlowRecord* before) {
    ServiceEvidence added;
    const FlowRecord none;
    const FlowRecord& earlier = before == nullptr ? none : *before;
    added.flows = before == nullptr ? 1 : 0;
    added.answered = flow.answered && !earlier.answered ? 1 : 0;
    added.packets = growth(total(flow.packets), total(earlier.packets));
    added.bytes = growth(total(flow.bytes), total(earlier.bytes));
    added.first_seen = flow.first_seen;
    added.last_seen = flow.last_seen;
    added.hours.set(hour_of_week(flow.last_seen));
    if (before == nullptr) {
        added.hours.set(hour_of_week(flow.first_seen));
    }
    const bool next_hour = std::chrono::floor<std::chrono::hours>(earlier.last_seen) <
                           std::chrono::floor<std::chrono::hours>(flow.last_seen);
    added.sightings = before == nullptr || next_hour ? 1 : 0;
    added.link_group = flow.group && flow.direction == Direction::egress;
    return added;
}

std::string id_of(std::uint32_t number) {
    return fmt::format("a{}", number);
}

// What others tried in vain, or say to everyone, does not tell how well the device is known.
bool is_of_the_device(const Candidate& candidate) {
    const Objection objection = candidate.objection;
    return objection != Objection::unanswered && objection != Objection::scan &&
           objection != Objection::bystander && objection != Objection::blocklisted;
}

}  // namespace

Learner::Learner(LearnOptions options)
    : options_(options), names_(options.names_max), history_(options.history_max) {}

ServiceKey Learner::key_of(const FlowRecord& flow, const std::string& name) {
    ServiceKey key;
    key.direction = flow.direction;
    key.protocol = flow.protocol;
    key.port = flow.service_port();
    key.link = flow.link;
    // A name is what the device asked for; who comes to it through a tunnel is known by its key.
    const bool by_peer = !flow.peer.empty() && flow.direction == Direction::ingress;
    key.name = by_peer ? "" : name;
    if (key.name.empty()) {
        key.remote = flow.remote;
        key.peer = flow.peer;
    }
    if (flow.direction == Direction::ingress && flow.group) {
        key.group = flow.local;
    }
    return key;
}

std::string Learner::name_of(const FlowRecord& flow) const {
    const NameBinding* binding = names_.latest(flow.remote, flow.first_seen);
    return binding == nullptr ? "" : binding->name;
}

FlowRecord Learner::turned_if_guessed_wrong(const FlowRecord& flow) const {
    if (!flow.assured) {
        return flow;
    }
    FlowRecord turned = flow;
    turned.direction = flow.direction == Direction::egress ? Direction::ingress : Direction::egress;
    const std::string name = name_of(flow);
    const bool wrong =
        services_.contains(key_of(turned, name)) && !services_.contains(key_of(flow, name));
    return wrong ? turned : flow;
}

void Learner::observe(const FlowRecord& seen) {
    const FlowRecord flow = turned_if_guessed_wrong(seen);
    const RecentFlow* known = history_.find(flow);
    RecentFlow recent{flow, {}};
    if (known != nullptr) {
        recent.name = known->name;
    } else {
        recent.name = name_of(flow);
    }
    watch(flow.last_seen);
    const auto before = history_.update(recent);
    const FlowRecord* earlier = before ? &before->flow : nullptr;
    add(key_of(flow, recent.name), difference(flow, earlier));
}

void Learner::repair(const FlowRecord& service) {
    const ServiceKey key = key_of(service, name_of(service));
    if (!services_.contains(key)) {
        add(key, difference(service, nullptr));
    }
}

void Learner::add(const ServiceKey& key, const ServiceEvidence& evidence) {
    const auto known = services_.find(key);
    if (known != services_.end()) {
        known->second += evidence;
        return;
    }
    if (services_.size() >= options_.services_max) {
        refused_ += evidence.flows;
        return;
    }
    services_.emplace(key, evidence);
}

bool Learner::saw_a_tunnel() const {
    return std::any_of(services_.begin(), services_.end(), [](const auto& service) {
        return service.first.link == Link::tunnel;
    });
}

Evidence Learner::evidence() const {
    return {services_, names_, blocked_, options_.ephemeral_ports};
}

void Learner::bind(const NameBinding& binding) {
    names_.bind(binding);
}

void Learner::watch(Timestamp at) {
    watched_.set(hour_of_week(at));
}

void Learner::set_blocklist(std::function<bool(const IpAddress&)> blocked) {
    blocked_ = std::move(blocked);
}

std::vector<Candidate> Learner::candidates() {
    std::vector<Candidate> all = find_candidates(evidence());
    std::set<std::string> found;
    for (const Candidate& candidate : all) {
        found.insert(candidate.key);
    }
    for (const auto& [key, decision] : decisions_) {
        auto lasting = candidate_of(key);
        if (decision.decision == Decision::approved && lasting && !found.contains(key)) {
            all.push_back(std::move(*lasting));
        }
    }
    for (Candidate& candidate : all) {
        auto [decided, created] = decisions_.try_emplace(candidate.key);
        if (created) {
            decided->second.number = ++last_number_;
        }
        candidate.id = id_of(decided->second.number);
        candidate.decision = decided->second.decision;
        candidate.decided_by = decided->second.by;
    }
    std::stable_partition(
        all.begin(), all.end(), [](const Candidate& candidate) { return candidate.proposed(); });
    return all;
}

Result<void> Learner::decide(const std::vector<std::string>& ids,
                             Decision decision,
                             std::string_view by) {
    std::map<std::string, std::string> keys;  // by id
    std::vector<std::string> chosen;
    for (const Candidate& candidate : candidates()) {
        keys[candidate.id] = candidate.key;
        // All that may be approved unseen has no objection; what is refused needs none.
        const bool may = decision == Decision::rejected || candidate.objection == Objection::none;
        if (candidate.decision == Decision::pending && may) {
            chosen.push_back(candidate.key);
        }
    }
    const bool all = ids.size() == 1 && ids.front() == "all";
    if (!all) {
        chosen.clear();
        for (const std::string& id : ids) {
            const auto known = keys.find(id);
            if (known == keys.end()) {
                return failure("no candidate has the id \"" + id + "\"");
            }
            chosen.push_back(known->second);
        }
    }
    for (const std::string& key : chosen) {
        decisions_[key].decision = decision;
        decisions_[key].by = by;
    }
    return {};
}

Result<void> Learner::approve(const std::vector<std::string>& ids, std::string_view by) {
    return decide(ids, Decision::approved, by);
}

Result<void> Learner::reject(const std::vector<std::string>& ids, std::string_view by) {
    return decide(ids, Decision::rejected, by);
}

Policy Learner::propose(const ProposalOptions& options) {
    std::vector<Candidate> proposed = candidates();
    std::erase_if(proposed, [&](const Candidate& candidate) {
        return options.approved_only ? candidate.decision != Decision::approved
                                     : !candidate.proposed();
    });
    Policy policy = policy_of(proposed);
    policy.name = options.name;
    policy.description = options.description;
    policy.interfaces = options.interfaces;
    policy.mode = options.mode;
    if (!options.tunnels && !saw_a_tunnel()) {
        for (Rule& rule : policy.rules) {
            rule.via = rule.via == Via::clear ? Via::any : rule.via;
        }
    }
    return policy;
}

LearnStatus Learner::status() const {
    LearnStatus status;
    status.services = services_.size();
    status.names = names_.size();
    status.refused = refused_;
    for (const auto& [key, evidence] : services_) {
        status.flows += evidence.flows;
        status.first_seen = std::min(status.first_seen, evidence.first_seen);
        status.last_seen = std::max(status.last_seen, evidence.last_seen);
    }
    std::uint64_t once = 0;
    std::uint64_t sightings = 0;
    for (const Candidate& candidate : find_candidates(evidence())) {
        if (is_of_the_device(candidate)) {
            sightings += candidate.evidence.sightings;
            once += candidate.evidence.sightings == 1 ? 1 : 0;
        }
    }
    status.readiness = estimate_readiness(once, sightings, watched_);
    return status;
}

void Learner::clear() {
    auto blocked = std::move(blocked_);
    *this = Learner(options_);
    blocked_ = std::move(blocked);
}

void Learner::restore(const ServiceKey& key, const ServiceEvidence& evidence) {
    services_[key] = evidence;
}

void Learner::restore(const std::string& key, const DecidedCandidate& decision) {
    decisions_[key] = decision;
    last_number_ = std::max(last_number_, decision.number);
}

}  // namespace tollgate::policy

// SPDX-License-Identifier: MIT
#include "agent/core/policy_follower.hpp"

#include <fmt/format.h>

#include "agent/core/stages.hpp"
#include "agent/report/log.hpp"
#include "agent/system/file.hpp"
#include "policy/validate.hpp"

namespace tollgate::agent {

namespace {

constexpr std::size_t kPolicyBytesMax = std::size_t{1} << 20;

using FileState = PolicyFileStatus::State;

std::vector<ConnectionProbe::Place> places_of(const std::vector<ListenAddress>& reach) {
    std::vector<ConnectionProbe::Place> places;
    for (const ListenAddress& place : reach) {
        places.push_back({IpAddress::parse(place.host).value_or(IpAddress{}), place.port});
    }
    return places;
}

bool is_from_file(const std::optional<PendingChange>& pending) {
    return pending && pending->change == kFileChange;
}

}  // namespace

PolicyFollower::PolicyFollower(Agent& agent,
                               FolderWatch watch,
                               std::function<std::set<std::string>()> peer_names)
    : agent_{agent},
      watch_{std::move(watch)},
      file_{agent.options().policy_file.value()},
      peer_names_{std::move(peer_names)},
      has_places_{!agent.options().reach.empty()},
      probe_{places_of(agent.options().reach)} {}

Result<std::unique_ptr<PolicyFollower>> PolicyFollower::start(
    Agent& agent,
    std::function<std::set<std::string>()> peer_names) {
    const std::filesystem::path file = agent.options().policy_file.value();
    auto watch = FolderWatch::create(file.has_parent_path() ? file.parent_path() : ".");
    if (!watch) {
        return Failure{watch.error()};
    }
    std::unique_ptr<PolicyFollower> follower{
        new PolicyFollower(agent, std::move(*watch), std::move(peer_names))};
    follower->read();
    return follower;
}

void PolicyFollower::take_news() {
    if (watch_.take()) {
        read();
    }
}

void PolicyFollower::tick() {
    if (watch_.retry()) {
        read();
    }
    advance();
}

void PolicyFollower::read() {
    auto text = read_file(file_, kPolicyBytesMax);
    std::string found = text ? *text : text.error().message();
    const bool is_news = found != read_;
    if (!is_news && refusal_.empty()) {
        return;
    }
    read_ = std::move(found);
    const auto policy =
        text ? load(std::move(*text)) : Answer<PolicyPointer>{agent::refuse(text.error())};
    if (policy) {
        take(*policy);
    } else if (is_news) {
        refuse(policy.error());
    }
    advance();
}

void PolicyFollower::take(const PolicyPointer& policy) {
    const auto& last = agent_.warden().state().followed;
    const bool is_known = last && last->hash == policy->hash && last->state != kUnconfirmed;
    wanted_ = is_known ? nullptr : policy;
    const bool has_failed = !refusal_.empty() || !failure_.empty();
    if (is_known && has_failed && last->state == "active") {
        agent_.forget_refusal();
    }
    refusal_.clear();
    failure_.clear();
    retry_ns_ = 0;
    probe_.restart();
}

Answer<PolicyPointer> PolicyFollower::load(std::string text) const {
    auto policy = load_policy(
        std::move(text), policy::WallTime{std::chrono::seconds{agent_.clock().wall_seconds()}});
    if (!policy) {
        return policy;
    }
    auto unknown = policy::find_unknown_peers((*policy)->policy, peer_names_());
    if (!unknown.empty()) {
        auto refusal = agent::refuse(Refusal::Code::policy_invalid, "the policy is refused");
        refusal.value().problems = std::move(unknown);
        return refusal;
    }
    const auto stages = stages_of(
        (*policy)->policy, agent_.watch(), agent_.warden().state(), (*policy)->policy.mode);
    return stages ? policy : Answer<PolicyPointer>{Unexpected<Refusal>{stages.error()}};
}

void PolicyFollower::refuse(const Refusal& refusal) {
    Refusal told = refusal;
    if (!told.problems.empty()) {
        told.message = policy::format_problems(file_.string(), told.problems);
    }
    wanted_ = nullptr;
    refusal_ =
        fmt::format("the policy file is refused, the policy before it stays: {}", told.message);
    agent_.note_refusal(told, kFileChange);
    agent_.audit_log().note({0, "policy file", "policy/apply", told.message, {}});
}

void PolicyFollower::advance() {
    Progress now = is_from_file(agent_.warden().state().pending) ? confirm()
                   : wanted_                                     ? begin()
                                                                 : outcome();
    if (!refusal_.empty()) {
        now = {FileState::refused, refusal_};
    }
    agent_.set_policy_file({file_.string(), now.state, std::move(now.problem)});
}

PolicyFollower::Progress PolicyFollower::begin() {
    const auto& state = agent_.warden().state();
    if (state.open) {
        return {FileState::waiting, "the policy file waits: the gate is open (`tollgate open`)"};
    }
    if (state.pending) {
        return {FileState::waiting, "the policy file waits: another change is not confirmed yet"};
    }
    if (agent_.clock().boot_ns() < retry_ns_) {
        return {FileState::waiting, failure_};
    }
    if (!probe_.poll()) {
        return {FileState::waiting,
                fmt::format("the policy file waits: {} cannot be reached even without it",
                            probe_.missing())};
    }
    return put_in_force();
}

PolicyFollower::Progress PolicyFollower::put_in_force() {
    const PolicyPointer policy = wanted_;
    const auto stages =
        stages_of(policy->policy, agent_.watch(), agent_.warden().state(), policy->policy.mode);
    if (!stages) {
        refuse(stages.error());
        return {FileState::refused, refusal_};
    }
    const auto confirm_within = has_places_ ? kConfirmWithin : std::chrono::seconds{0};
    const auto changed = agent_.change(
        {policy, *stages, std::string{kFileChange}, file_.string(), confirm_within, Session{}});
    if (!changed) {
        failure_ = "the policy file is tried again: " + changed.error().message;
        retry_ns_ = agent_.clock().boot_ns() + kRetryNs;
        return {FileState::waiting, failure_};
    }
    agent_.audit_log().note({0, "policy file", "policy/apply", "done", {{"policy", policy->hash}}});
    wanted_ = nullptr;
    failure_.clear();
    probe_.restart();
    // By connections that begin with the next tick.
    return has_places_ ? Progress{FileState::confirming, {}} : outcome();
}

PolicyFollower::Progress PolicyFollower::confirm() {
    if (!probe_.poll()) {
        return {FileState::confirming,
                fmt::format("the policy of the file reverts unless {} can be reached",
                            probe_.missing())};
    }
    const auto confirmed =
        agent_.confirm(agent_.warden().state().pending->generation.number, Session{});
    if (confirmed) {
        agent_.audit_log().note({0, "policy file", "confirm", "done", {}});
    }
    return is_from_file(agent_.warden().state().pending)
               ? Progress{FileState::confirming, confirmed.error().message}
               : outcome();
}

PolicyFollower::Progress PolicyFollower::outcome() const {
    const auto& last = agent_.warden().state().followed;
    if (last && last->state == "reverted") {
        return {FileState::reverted,
                "the policy of the file was taken back, by hand or because it cut off what it must "
                "not: change the file"};
    }
    if (last && last->state == "active" && last->hash == agent_.warden().in_force().hash) {
        return {FileState::in_force, {}};
    }
    return {FileState::replaced,
            "the policy in force is not that of the file: it was changed by hand"};
}

}  // namespace tollgate::agent

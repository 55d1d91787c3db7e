// SPDX-License-Identifier: MIT
#include "agent/core/policy_follower.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "agent/core/stages.hpp"
#include "agent/report/log.hpp"
#include "agent/system/file.hpp"
#include "policy/validate.hpp"

namespace tollgate::agent {

namespace {

constexpr std::size_t kPolicyBytesMax = std::size_t{1} << 20;
constexpr std::string_view kChange = "file";

using FileState = PolicyFileStatus::State;

std::vector<ConnectionProbe::Place> places_of(const std::vector<ListenAddress>& reach) {
    std::vector<ConnectionProbe::Place> places;
    for (const ListenAddress& place : reach) {
        places.push_back({IpAddress::parse(place.host).value_or(IpAddress{}), place.port});
    }
    return places;
}

// What the file said when it was put in force last; null: never, as far as is remembered.
const HistoryEntry* last_of_file(const State& state) {
    const auto found =
        std::find_if(state.history.rbegin(), state.history.rend(), [](const HistoryEntry& entry) {
            return entry.change == kChange;
        });
    return found == state.history.rend() ? nullptr : &*found;
}

bool is_from_file(const std::optional<PendingChange>& pending) {
    return pending && pending->change == kChange;
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
    if (!is_news && !refused_) {
        return;
    }
    read_ = std::move(found);
    const auto policy =
        text ? load(std::move(*text)) : Answer<PolicyPointer>{agent::refuse(text.error())};
    if (!policy) {
        wanted_ = nullptr;
        refused_ = true;
        if (is_news) {
            refuse(policy.error());
        }
        return;
    }
    const HistoryEntry* const last = last_of_file(agent_.warden().state());
    const bool is_known = last != nullptr && last->hash == (*policy)->hash;
    wanted_ = is_known ? nullptr : *policy;
    if (is_known && refused_ && last->state == "active") {
        agent_.forget_refusal();
    }
    refused_ = false;
    probe_.restart();
    advance();
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
    const auto stages = stages_of((*policy)->policy, agent_.watch(), (*policy)->policy.mode);
    return stages ? policy : Answer<PolicyPointer>{Unexpected<Refusal>{stages.error()}};
}

void PolicyFollower::refuse(const Refusal& refusal) {
    Refusal told = refusal;
    if (!told.problems.empty()) {
        told.message = policy::format_problems(file_.string(), told.problems);
    }
    agent_.note_refusal(told, kChange);
    tell(FileState::refused,
         fmt::format("the policy file is refused, the policy before it stays: {}", told.message));
}

void PolicyFollower::advance() {
    const auto& state = agent_.warden().state();
    if (is_from_file(state.pending)) {
        confirm();
    } else if (!wanted_) {
        tell_outcome();
    } else if (state.open) {
        tell(FileState::waiting, "the policy file waits: the gate is open (`tollgate open`)");
    } else if (state.pending) {
        tell(FileState::waiting, "the policy file waits: another change is not confirmed yet");
    } else if (!probe_.poll()) {
        tell(FileState::waiting,
             fmt::format("the policy file waits: {} cannot be reached even without it",
                         probe_.missing()));
    } else {
        put_in_force();
    }
}

void PolicyFollower::put_in_force() {
    const PolicyPointer policy = std::move(wanted_);
    wanted_ = nullptr;
    const auto stages = stages_of(policy->policy, agent_.watch(), policy->policy.mode);
    if (!stages) {
        refuse(stages.error());
        return;
    }
    const auto confirm_within = has_places_ ? kConfirmWithin : std::chrono::seconds{0};
    const auto changed = agent_.change(
        {policy, *stages, std::string{kChange}, file_.string(), confirm_within, Session{}});
    if (!changed) {
        refused_ = true;
        tell(FileState::refused, "the policy file is refused: " + changed.error().message);
        return;
    }
    probe_.restart();
    if (has_places_) {
        tell(FileState::confirming);  // by connections that begin with the next tick
    } else {
        tell_outcome();
    }
}

void PolicyFollower::confirm() {
    if (!probe_.poll()) {
        tell(FileState::confirming,
             fmt::format("the policy of the file reverts unless {} can be reached",
                         probe_.missing()));
        return;
    }
    if (agent_.confirm(agent_.warden().state().pending->generation.number, Session{})) {
        tell_outcome();
    }
}

void PolicyFollower::tell_outcome() {
    if (refused_) {
        return;
    }
    const auto& state = agent_.warden().state();
    const HistoryEntry* const last = last_of_file(state);
    if (last == nullptr) {
        return;
    }
    if (last->state == "reverted") {
        tell(
            FileState::reverted,
            "the policy of the file cut off what it must not, and was taken back: change the file");
    } else if (last->hash == agent_.warden().in_force().hash && last->state == "active") {
        tell(FileState::in_force);
    } else {
        tell(FileState::replaced,
             "the policy in force is not that of the file: it was changed by hand");
    }
}

void PolicyFollower::tell(FileState state, std::string problem) {
    agent_.set_policy_file({file_.string(), state, std::move(problem)});
}

}  // namespace tollgate::agent

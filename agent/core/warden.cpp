// SPDX-License-Identifier: MIT
#include "agent/core/warden.hpp"

#include <algorithm>
#include <cstdlib>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "agent/report/log.hpp"
#include "policy/compile.hpp"
#include "policy/notation.hpp"

namespace tollgate::agent {

namespace {

/// So long TCP connections that the gate has not seen begin, and that the policy allows, are picked
/// up after a change.
constexpr std::uint64_t kGraceNs = 60 * TG_SECOND;

/// The wall clock may drift that far from CLOCK_BOOTTIME before expiries are converted again.
constexpr std::int64_t kClockToleranceNs = 1'000'000'000;

constexpr std::string_view kUnsaved = "what is in force cannot be kept";

policy::WallTime wall_time(std::int64_t seconds) {
    return policy::WallTime{std::chrono::seconds{seconds}};
}

void set_outcome(State& state, std::uint32_t generation, std::string_view outcome) {
    const auto set = [&](auto& entry) {
        if (entry.generation == generation) {
            entry.state = outcome;
        } else if (outcome == "active" && entry.state == "active") {
            entry.state = "replaced";
        }
    };
    std::for_each(state.history.begin(), state.history.end(), set);
    if (state.followed) {
        set(*state.followed);
    }
}

void remember(State& state, HistoryEntry entry) {
    if (entry.state == "active") {
        set_outcome(state, entry.generation, "active");
    }
    if (entry.change == kFileChange) {
        state.followed = FollowedText{entry.generation, entry.hash, entry.state};
    }
    state.history.push_back(std::move(entry));
    if (state.history.size() > kHistoryMax) {
        state.history.erase(state.history.begin());
    }
}

void forget_pending(State& state, std::string_view outcome) {
    set_outcome(state, state.pending->generation.number, outcome);
    state.pending.reset();
}

// Of the interfaces that have a zone; those without a stage are learning.
policy::Stage strictest(const Generation& generation,
                        const std::map<std::string, std::uint8_t>& zones) {
    auto strictest = zones.empty() ? policy::Stage::learn : policy::Stage::open;
    for (const auto& [interface, zone] : zones) {
        const auto found = generation.stages.find(interface);
        strictest = std::min(
            strictest, found == generation.stages.end() ? policy::Stage::learn : found->second);
    }
    return strictest;  // enum tg_stage is in that order
}

Unexpected<Refusal> refuse_pending(const PendingChange& pending) {
    return refuse(
        Refusal::Code::pending,
        fmt::format("generation {} is not confirmed yet; it reverts at {}",
                    pending.generation.number,
                    policy::to_text(wall_time(pending.deadline_wall_s))),
        "confirm it with `tollgate confirm`, or take it back with `tollgate policy rollback`");
}

}  // namespace

const Generation& Warden::in_force() const {
    return state_.pending ? state_.pending->generation : state_.confirmed;
}

policy::Stage Warden::stage_of(const std::string& interface) const {
    if (state_.open) {
        return policy::Stage::open;
    }
    const Stages& stages = in_force().stages;
    const auto found = stages.find(interface);
    return found == stages.end() ? policy::Stage::learn : found->second;
}

std::optional<std::uint64_t> Warden::deadline_ns() const {
    return state_.pending ? std::optional{deadline_ns_} : std::nullopt;
}

void Warden::warn(std::string_view event, const Error& error) {
    const std::string message = error.message();
    log(LogLevel::error, event, {{"error", message}});
    if (std::find(warnings_.begin(), warnings_.end(), message) == warnings_.end()) {
        warnings_.push_back(message);
    }
}

void Warden::save_if_possible() {
    if (auto saved = store_.save(state_); !saved) {
        warn_of_unsaved(saved.error());
    }
}

// The next change that is saved takes the warning away.
void Warden::warn_of_unsaved(const Error& error) {
    warn("state.failed",
         Error{{},
               fmt::format("{} ({}): changes of policy are refused, and a restart begins with "
                           "what the state folder has",
                           kUnsaved,
                           error.message())});
}

// @param policy  null: the tables of the active slot stay
Result<void> Warden::load(const Generation& generation,
                          const LoadedPolicy* policy,
                          std::uint64_t deadline_ns) {
    NewGeneration next;
    next.stage.fill(TG_STAGE_LEARN);
    for (const auto& [interface, stage] : generation.stages) {
        if (const auto zone = state_.zones.find(interface); zone != state_.zones.end()) {
            next.stage.at(zone->second) = static_cast<std::uint8_t>(stage);
        }
    }
    next.deadline_ns = deadline_ns;
    next.grace_until_ns = clock_.boot_ns() + kGraceNs;
    next.number = generation.loaded_number;
    next.boot_minus_wall_ns = clock_.boot_minus_wall_ns();
    if (policy == nullptr) {
        return gate_.switch_to(next);
    }
    const auto compiled = policy::compile(policy->policy, policy->compiled_at);
    if (!compiled) {
        return Failure{compiled.error()};
    }
    next.policy = &*compiled;
    auto switched = gate_.switch_to(next);
    if (switched) {
        boot_minus_wall_ns_ = next.boot_minus_wall_ns;
    }
    return switched;
}

Result<void> Warden::commit(State next, const std::function<Result<void>()>& kernel_step) {
    if (auto saved = store_.save(next); !saved) {
        return saved;
    }
    if (auto done = kernel_step(); !done) {
        state_.last_number = next.last_number;  // the kernel may have seen it
        if (auto restored = store_.save(state_); !restored) {
            warn("state.failed", restored.error());
        }
        return done;
    }
    state_ = std::move(next);
    std::erase_if(warnings_,
                  [](const std::string& warning) { return warning.starts_with(kUnsaved); });
    store_.prune_policies(state_);
    return {};
}

// An open gate becomes a generation of its own, so that what a deadline brings back is open too.
Result<void> Warden::keep_open_as_fallback() {
    State next = state_;
    next.open = false;
    next.confirmed.loaded_number = ++next.last_number;
    for (const auto& zone : next.zones) {
        next.confirmed.stages[zone.first] = policy::Stage::open;
    }
    return commit(next, [&]() -> Result<void> {
        auto loaded = load(next.confirmed, nullptr, 0);
        return loaded ? gate_.set_open(false) : loaded;
    });
}

Answer<Generation> Warden::change(const Proposal& proposal) {
    look_whether_open();
    if (state_.pending) {
        return refuse_pending(*state_.pending);
    }
    if (state_.open) {
        if (auto kept = keep_open_as_fallback(); !kept) {
            return refuse(kept.error());
        }
    }
    const PolicyPointer policy = proposal.policy ? proposal.policy : policy_;
    if (!policy->hash.empty()) {
        if (auto saved = store_.save_policy(policy->hash, policy->yaml); !saved) {
            return refuse(saved.error());
        }
    }
    const bool timed = proposal.confirm_within.count() > 0;
    State next = state_;
    Generation generation = next.confirmed;
    generation.number = generation.loaded_number = ++next.last_number;
    generation.hash = policy->hash;
    generation.compiled_wall_s = policy->compiled_at.time_since_epoch().count();
    for (const auto& [interface, stage] : proposal.stages) {
        generation.stages[interface] = stage;
    }
    const std::int64_t now = clock_.wall_seconds();
    remember(next,
             {generation.number,
              now,
              proposal.change,
              proposal.by,
              policy->hash,
              policy->policy.name,
              timed ? "pending" : "active"});
    std::uint64_t deadline = 0;
    if (timed) {
        deadline = clock_.boot_ns() +
                   static_cast<std::uint64_t>(proposal.confirm_within.count()) * TG_SECOND;
        next.pending = PendingChange{generation,
                                     proposal.change,
                                     proposal.by,
                                     proposal.session,
                                     now + proposal.confirm_within.count()};
    } else {
        next.confirmed = generation;
    }
    auto done = commit(std::move(next), [&] {
        return load(generation, proposal.policy ? policy.get() : nullptr, deadline);
    });
    if (!done) {
        return refuse(done.error());
    }
    deadline_ns_ = deadline;
    policy_ = policy;
    if (!timed) {
        confirmed_ = policy;
    }
    return generation;
}

Answer<Generation> Warden::confirm(std::optional<std::uint32_t> generation,
                                   const Session& session) {
    tick();
    if (!state_.pending || (generation && *generation != state_.pending->generation.number)) {
        return refuse(Refusal::Code::not_found,
                      "no such change is waiting to be confirmed",
                      "it may have been reverted: see `tollgate policy history`");
    }
    if (is_same_connection(session, state_.pending->session)) {
        return refuse(Refusal::Code::same_connection,
                      "confirm from another connection than the change was made from",
                      "open a new connection to this host and run `tollgate confirm` there: that "
                      "it can be opened is what confirming proves");
    }
    State next = state_;
    next.confirmed = next.pending->generation;
    forget_pending(next, "active");
    if (auto done = commit(std::move(next), [&] { return gate_.confirm(); }); !done) {
        return refuse(done.error());
    }
    confirmed_ = policy_;
    deadline_ns_ = 0;
    return state_.confirmed;
}

Answer<Generation> Warden::revert() {
    if (!state_.pending) {
        return refuse(Refusal::Code::not_found, "no change is waiting to be confirmed");
    }
    State next = state_;
    forget_pending(next, "reverted");
    const std::uint32_t number = ++next.last_number;
    next.confirmed.loaded_number = number;
    // The kernel goes first and the disk may fail: on disk the change is still pending, and whoever
    // reads that reverts it too.
    if (auto reverted = gate_.revert(number); !reverted) {
        return refuse(reverted.error());
    }
    state_ = std::move(next);
    policy_ = confirmed_;
    deadline_ns_ = 0;
    save_if_possible();
    return state_.confirmed;
}

Result<std::uint8_t> Warden::add_tunnel(const std::string& interface) {
    State next = state_;
    if (auto given = give_zone(next, interface); !given) {
        return Failure{given.error()};
    }
    const std::uint8_t zone = next.zones.at(interface);
    const auto begin = [&](Generation& generation) {
        const auto [entry, is_new] =
            generation.stages.emplace(interface, strictest(generation, state_.zones));
        return static_cast<std::uint8_t>(entry->second);
    };
    const std::uint8_t confirmed = begin(next.confirmed);
    const std::uint8_t in_force = next.pending ? begin(next.pending->generation) : confirmed;
    const auto set_stage = [&] {
        return gate_.set_stage(zone, in_force, confirmed);
    };
    // A tunnel that comes back needs nothing of the disk.
    auto done = next == state_ ? set_stage() : commit(std::move(next), set_stage);
    return done.map([&] { return zone; });
}

Result<void> Warden::open() {
    if (auto opened = gate_.set_open(true); !opened) {
        return opened;
    }
    state_.open = true;
    return store_.save(state_);
}

Result<void> Warden::revoke_verdicts() {
    State next = state_;
    // Gate::bump() takes two: the slot in force gets the first, the other one the second.
    const std::uint32_t first = next.last_number + 1;
    next.last_number += 2;
    next.confirmed.loaded_number = next.pending ? first + 1 : first;
    if (next.pending) {
        next.pending->generation.loaded_number = first;
    }
    return commit(std::move(next), [&] { return gate_.bump(first); });
}

Result<void> Warden::reload() {
    if (state_.pending) {
        return {};
    }
    auto policy = policy_->hash.empty()
                      ? Answer<PolicyPointer>{no_policy(wall_time(clock_.wall_seconds()))}
                      : load_policy(policy_->yaml, wall_time(clock_.wall_seconds()));
    if (!policy) {
        return failure(policy.error().message);
    }
    State next = state_;
    next.confirmed.loaded_number = ++next.last_number;
    next.confirmed.compiled_wall_s = clock_.wall_seconds();
    const Generation generation = next.confirmed;
    auto done = commit(std::move(next), [&] { return load(generation, policy->get(), 0); });
    if (done) {
        policy_ = confirmed_ = *policy;
    }
    return done;
}

bool Warden::needs_reload() const {
    // Of a policy whose text is unknown the rest is better than nothing.
    if (gate_.names_are_lost() && !policy_->hash.empty()) {
        return true;
    }
    const auto now = wall_time(clock_.wall_seconds());
    const bool moved =
        std::abs(clock_.boot_minus_wall_ns() - boot_minus_wall_ns_) > kClockToleranceNs;
    const auto& rules = policy_->policy.rules;
    return std::any_of(rules.begin(), rules.end(), [&](const policy::Rule& rule) {
        const bool expired_since =
            rule.expires && *rule.expires > policy_->compiled_at && *rule.expires <= now;
        return rule.expires && (moved || expired_since);
    });
}

bool Warden::tick() {
    look_whether_open();
    if (state_.pending && clock_.boot_ns() >= deadline_ns_) {
        const std::uint32_t number = state_.pending->generation.number;
        if (auto reverted = revert(); !reverted) {
            log(LogLevel::error, "policy.revert_failed", {{"error", reverted.error().message}});
            return false;
        }
        log(LogLevel::warn,
            "policy.reverted",
            {{"generation", number}, {"reason", "not confirmed in time"}});
        return true;
    }
    if (!state_.pending && needs_reload()) {
        if (auto reloaded = reload(); !reloaded) {
            log(LogLevel::error, "policy.reload_failed", {{"error", reloaded.error().message()}});
        }
    }
    return false;
}

}  // namespace tollgate::agent

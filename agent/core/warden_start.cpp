// SPDX-License-Identifier: MIT
// How the warden begins: what the kernel has, what the disk says, and which of them is right.
#include <algorithm>
#include <cerrno>
#include <set>

#include <fmt/format.h>

#include "agent/core/boot_id.hpp"
#include "agent/core/warden.hpp"
#include "agent/report/log.hpp"

namespace tollgate::agent {

namespace {

policy::WallTime wall_time(std::int64_t seconds) {
    return policy::WallTime{std::chrono::seconds{seconds}};
}

// Of a text that is followed nobody looked whether it cuts something off.
void revert_on_disk(State& state) {
    for (HistoryEntry& entry : state.history) {
        if (entry.generation == state.pending->generation.number) {
            entry.state = "reverted";
        }
    }
    if (state.followed && state.followed->generation == state.pending->generation.number) {
        state.followed->state = kUnconfirmed;
    }
    log(LogLevel::warn,
        "policy.reverted",
        {{"generation", state.pending->generation.number},
         {"reason", "not confirmed before the deadline or a reboot"}});
    state.pending.reset();
}

}  // namespace

Warden::Warden(Gate& gate, StateStore store, const Clock& clock, State state)
    : gate_{gate},
      store_{std::move(store)},
      clock_{clock},
      state_{std::move(state)},
      policy_{no_policy(wall_time(clock.wall_seconds()))},
      confirmed_{policy_},
      boot_minus_wall_ns_{clock.boot_minus_wall_ns()} {}

Result<std::unique_ptr<Warden>> Warden::start(Gate& gate,
                                              StateStore store,
                                              const Clock& clock,
                                              const std::vector<std::string>& interfaces,
                                              const PolicyPointer& first_policy) {
    auto stored = store.load();
    if (!stored) {
        return Failure{stored.error()};
    }
    std::unique_ptr<Warden> warden{
        new Warden(gate, std::move(store), clock, stored->value_or(State{}))};
    for (const std::string& interface : interfaces) {
        if (auto given = give_zone(warden->state_, interface); !given) {
            return Failure{given.error()};
        }
    }
    auto begun = gate.adopted() ? warden->adopt() : warden->load_confirmed(first_policy);
    if (!begun) {
        return Failure{begun.error()};
    }
    return warden;
}

Result<void> Warden::give_zone(State& state, const std::string& interface) {
    if (state.zones.contains(interface)) {
        return {};
    }
    std::set<std::uint8_t> taken;
    for (const auto& zone : state.zones) {
        taken.insert(zone.second);
    }
    std::uint8_t zone = 0;
    while (taken.contains(zone)) {
        ++zone;
    }
    if (zone >= TG_ZONES_MAX) {
        return failure(ENOSPC,
                       fmt::format("protect {}: at most {} interfaces", interface, TG_ZONES_MAX));
    }
    state.zones[interface] = zone;
    return {};
}

Result<PolicyPointer> Warden::stored_policy(const Generation& generation) const {
    const auto compiled_at = wall_time(generation.compiled_wall_s);
    if (generation.hash.empty()) {
        return no_policy(compiled_at);
    }
    auto yaml = store_.load_policy(generation.hash);
    if (!yaml) {
        return Failure{yaml.error()};
    }
    auto policy = load_policy(std::move(*yaml), compiled_at);
    if (!policy) {
        return failure(EBADMSG,
                       fmt::format("the confirmed policy {} is refused by this version: {}",
                                   generation.hash.substr(0, 12),
                                   policy.error().message));
    }
    return *policy;
}

Result<void> Warden::load_confirmed(const PolicyPointer& first_policy) {
    State next = state_;
    if (next.pending) {
        revert_on_disk(next);
    }
    Generation& generation = next.confirmed;
    const bool first = generation.number == 0;
    generation.loaded_number = ++next.last_number;
    generation.compiled_wall_s = clock_.wall_seconds();
    if (first) {
        generation.number = generation.loaded_number;
    }
    PolicyPointer policy;
    if (first && first_policy) {
        policy = first_policy;
        generation.hash = policy->hash;
        for (const auto& zone : next.zones) {
            generation.stages[zone.first] = policy->policy.mode;
        }
        next.history.push_back({generation.number,
                                clock_.wall_seconds(),
                                "start",
                                "",
                                policy->hash,
                                policy->policy.name,
                                "active"});
        if (auto saved = store_.save_policy(policy->hash, policy->yaml); !saved) {
            return saved;
        }
    } else {
        auto stored = stored_policy(generation);
        if (!stored) {
            return Failure{stored.error()};
        }
        policy = *stored;
    }
    next.boot_id = boot_id();
    bool is_on_disk = false;
    const auto put_in_force = [&]() -> Result<void> {
        is_on_disk = true;
        auto loaded = load(next.confirmed, policy.get(), 0);
        return loaded && next.open ? gate_.set_open(true) : loaded;
    };
    auto done = commit(next, put_in_force);
    if (!done && !is_on_disk && !first) {
        // As the disk has it: a start that finds this in the kernel finds nothing unknown.
        warn_of_unsaved(done.error());
        next.confirmed = state_.confirmed;
        next.last_number = state_.last_number;
        done = stored_policy(next.confirmed).and_then([&](PolicyPointer stored) {
            policy = std::move(stored);
            return put_in_force();
        });
        state_ = std::move(next);
    }
    if (done) {
        policy_ = confirmed_ = policy;
    }
    return done;
}

Result<void> Warden::adopt() {
    const auto kernel = gate_.generation();
    const auto control = gate_.control();
    if (!kernel || !control) {
        return Failure{kernel ? control.error() : kernel.error()};
    }
    state_.open = control->open != 0;
    state_.boot_id = boot_id();
    const bool kernel_is_newer = kernel->number > state_.last_number;
    // As revert() leaves it where the disk fails, or the agent ends, before it is saved.
    const bool is_reverted =
        state_.pending && kernel->number == state_.last_number + 1 && kernel->deadline_ns == 0;
    // Gate::bump() may have given the other slot the number after.
    state_.last_number = std::max(state_.last_number, kernel->number + 1);
    if (kernel_is_newer && !is_reverted) {
        return adopt_unknown(*kernel);
    }
    return state_.pending ? adopt_pending(*kernel) : adopt_confirmed(*kernel);
}

// `tollgate open` writes into the gate where it does not reach the agent.
void Warden::look_whether_open() {
    const auto control = gate_.control();
    if (!control || (control->open != 0) == state_.open) {
        return;
    }
    state_.open = control->open != 0;
    log(LogLevel::warn, "gate.opened_past_agent", {{"open", state_.open ? "yes" : "no"}});
    save_if_possible();
}

Result<void> Warden::adopt_pending(const tg_generation& kernel) {
    auto confirmed = stored_policy(state_.confirmed);
    if (!confirmed) {
        return Failure{confirmed.error()};
    }
    confirmed_ = policy_ = *confirmed;
    if (kernel.number == state_.pending->generation.loaded_number) {
        auto pending = stored_policy(state_.pending->generation);
        if (!pending) {
            return Failure{pending.error()};
        }
        policy_ = *pending;
        deadline_ns_ = kernel.deadline_ns;
        save_if_possible();
        return {};
    }
    // The kernel has reverted it, or never got it. A copy of what is in force makes that official.
    State next = state_;
    revert_on_disk(next);
    next.confirmed.loaded_number = ++next.last_number;
    bool is_on_disk = false;
    auto done = commit(next, [&] {
        is_on_disk = true;
        return load(next.confirmed, nullptr, 0);
    });
    if (!done && !is_on_disk) {
        // It is in force all the same, and the next start finds what this one has found.
        warn_of_unsaved(done.error());
        next.confirmed.loaded_number = kernel.number;
        state_ = std::move(next);
        return {};
    }
    return done;
}

Result<void> Warden::adopt_confirmed(const tg_generation& kernel) {
    auto stored = stored_policy(state_.confirmed);
    if (!stored) {
        return Failure{stored.error()};
    }
    policy_ = confirmed_ = *stored;
    if (kernel.number != state_.confirmed.loaded_number) {
        // Confirmed on disk, but the agent died before the kernel heard of it.
        State next = state_;
        next.confirmed.loaded_number = ++next.last_number;
        return commit(next, [&] { return load(next.confirmed, policy_.get(), 0); });
    }
    if (kernel.deadline_ns != 0) {
        if (auto confirmed = gate_.confirm(); !confirmed) {
            return confirmed;
        }
    }
    save_if_possible();
    return {};
}

// The state folder was lost or put back from a copy: the kernel goes on with what it has.
Result<void> Warden::adopt_unknown(const tg_generation& kernel) {
    state_.pending.reset();
    state_.confirmed = Generation{kernel.number, kernel.number, {}, clock_.wall_seconds(), {}};
    for (const auto& [interface, zone] : state_.zones) {
        state_.confirmed.stages[interface] = static_cast<policy::Stage>(kernel.stage[zone]);
    }
    warn(
        "policy.unknown",
        Error{{},
              fmt::format("generation {} is in force, but the state folder does not have its text; "
                          "apply a policy to replace it",
                          kernel.number)});
    save_if_possible();
    return {};
}

}  // namespace tollgate::agent

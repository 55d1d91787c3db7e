// SPDX-License-Identifier: MIT
#include "agent/datapath/generation_writer.hpp"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "agent/datapath/slot_tables.hpp"
#include "agent/system/boot_clock.hpp"

namespace tollgate::agent {

namespace {

constexpr std::uint32_t other(std::uint32_t slot) {
    return 1 - slot;
}
static_assert(TG_SLOTS == 2);

bool is_loaded(const tg_generation& generation) {
    return generation.number != 0;
}

bool is_over(const tg_generation& generation) {
    return generation.deadline_ns != 0 && boot_time_ns() >= generation.deadline_ns;
}

Failure nothing_loaded() {
    return failure(ENODATA, "no policy was ever loaded into the gate");
}

}  // namespace

Result<tg_control> GenerationWriter::control() const {
    tg_control control{};
    if (auto read = read_range(maps_.map("control"), 0, 1, &control); !read) {
        return Failure{read.error()};
    }
    if (control.active_slot >= TG_SLOTS) {
        return failure(EBADMSG, fmt::format("the map control names slot {}", control.active_slot));
    }
    return control;
}

Result<void> GenerationWriter::write_control(const tg_control& control) const {
    return write_range(maps_.map("control"), 0, 1, &control);
}

Result<tg_generation> GenerationWriter::read_generation(std::uint32_t slot) const {
    tg_generation generation{};
    if (auto read = read_range(maps_.map("generations"), slot, 1, &generation); !read) {
        return Failure{read.error()};
    }
    return generation;
}

Result<void> GenerationWriter::write_generation(std::uint32_t slot,
                                                const tg_generation& generation) const {
    return write_range(maps_.map("generations"), slot, 1, &generation);
}

Result<GenerationWriter::State> GenerationWriter::state() const {
    const auto control = this->control();
    if (!control) {
        return Failure{control.error()};
    }
    const auto active = read_generation(control->active_slot);
    if (!active) {
        return Failure{active.error()};
    }
    const std::uint32_t in_force =
        is_over(*active) ? active->previous_slot % TG_SLOTS : control->active_slot;
    return State{*control, *active, in_force};
}

Result<void> GenerationWriter::activate(const State& state, std::uint32_t slot) const {
    tg_control control = state.control;
    control.active_slot = slot;
    return write_control(control);
}

// A number that is in use would let flows keep a verdict of another policy.
Result<void> GenerationWriter::check_fresh(std::uint32_t number) const {
    for (std::uint32_t slot = 0; slot < TG_SLOTS; ++slot) {
        const auto generation = read_generation(slot);
        if (!generation) {
            return Failure{generation.error()};
        }
        if (number == generation->number) {
            return failure(EINVAL, fmt::format("{} is no new number of a generation", number));
        }
    }
    return number != 0 ? Result<void>{} : failure(EINVAL, "a generation needs a number");
}

Result<std::uint32_t> GenerationWriter::slot_in_force() const {
    return state().map([](const State& now) { return now.in_force; });
}

Result<tg_generation> GenerationWriter::in_force() const {
    const auto now = state();
    if (!now) {
        return Failure{now.error()};
    }
    auto generation = read_generation(now->in_force);
    if (generation && !is_loaded(*generation)) {
        return nothing_loaded();
    }
    return generation;
}

Result<void> GenerationWriter::switch_to(const NewGeneration& next) const {
    if (auto fresh = check_fresh(next.number); !fresh) {
        return fresh;
    }
    const auto now = state();
    if (!now) {
        return Failure{now.error()};
    }
    const bool first = !is_loaded(now->active);
    if (first && (next.deadline_ns != 0 || next.policy == nullptr)) {
        return failure(EINVAL, "the first generation has none before it to fall back to");
    }
    // An unconfirmed generation's fallback is about to be overwritten: fall back to it first, so
    // that at no moment a deadline can lead into a half-written slot.
    std::uint32_t stable = now->control.active_slot;
    if (now->active.deadline_ns != 0) {
        stable = now->active.previous_slot % TG_SLOTS;
        if (auto back = activate(*now, stable); !back) {
            return back;
        }
    }
    const std::uint32_t slot = first ? 0 : other(stable);
    return fill(slot, stable, next).and_then([&] { return activate(*now, slot); });
}

Result<void> GenerationWriter::fill(std::uint32_t slot,
                                    std::uint32_t stable,
                                    const NewGeneration& next) const {
    const SlotTables tables{maps_, pins_};
    auto filled = next.policy == nullptr ? tables.copy(stable, slot)
                                         : tables.fill(slot, *next.policy, next.boot_minus_wall_ns);
    if (!filled) {
        return filled;
    }
    auto generation = read_generation(stable);
    if (!generation) {
        return Failure{generation.error()};
    }
    if (next.policy != nullptr) {
        generation->baseline = next.policy->baseline;
        std::copy(next.policy->default_action.begin(),
                  next.policy->default_action.end(),
                  generation->default_action);
    }
    std::copy(next.stage.begin(), next.stage.end(), generation->stage);
    generation->deadline_ns = next.deadline_ns;
    generation->grace_until_ns = next.grace_until_ns;
    generation->number = next.number;
    generation->previous_slot = stable;
    return write_generation(slot, *generation);
}

Result<void> GenerationWriter::confirm() const {
    const auto now = state();
    if (!now) {
        return Failure{now.error()};
    }
    if (now->in_force != now->control.active_slot) {
        return failure(ETIMEDOUT,
                       "confirm the policy: its deadline has passed and it was reverted");
    }
    if (now->active.deadline_ns == 0) {
        return {};
    }
    tg_generation confirmed = now->active;
    confirmed.deadline_ns = 0;
    return write_generation(now->control.active_slot, confirmed);
}

Result<void> GenerationWriter::revert(std::uint32_t number) const {
    if (auto fresh = check_fresh(number); !fresh) {
        return fresh;
    }
    const auto now = state();
    if (!now) {
        return Failure{now.error()};
    }
    const std::uint32_t slot = other(now->control.active_slot);
    auto previous = read_generation(slot);
    if (!previous) {
        return Failure{previous.error()};
    }
    if (!is_loaded(*previous)) {
        return failure(ENODATA, "revert the policy: there is no previous one");
    }
    previous->number = number;
    previous->deadline_ns = 0;
    previous->previous_slot = now->control.active_slot;
    if (auto written = write_generation(slot, *previous); !written) {
        return written;
    }
    return activate(*now, slot);
}

Result<void> GenerationWriter::bump(std::uint32_t number) const {
    if (auto fresh = check_fresh(number).and_then([&] { return check_fresh(number + 1); });
        !fresh) {
        return fresh;
    }
    const auto control = this->control();
    if (!control) {
        return Failure{control.error()};
    }
    // The other slot too, under a number of its own: a deadline may bring it back.
    for (const std::uint32_t slot : {control->active_slot, other(control->active_slot)}) {
        auto generation = read_generation(slot);
        if (!generation) {
            return Failure{generation.error()};
        }
        if (is_loaded(*generation)) {
            generation->number = number++;
            if (auto written = write_generation(slot, *generation); !written) {
                return written;
            }
        }
    }
    return {};
}

Result<void> GenerationWriter::set_stage(std::uint8_t zone,
                                         std::uint8_t in_force,
                                         std::uint8_t other) const {
    const auto now = slot_in_force();
    if (!now) {
        return Failure{now.error()};
    }
    for (std::uint32_t slot = 0; slot < TG_SLOTS; ++slot) {
        auto generation = read_generation(slot);
        if (!generation) {
            return Failure{generation.error()};
        }
        generation->stage[zone] = slot == *now ? in_force : other;
        if (auto written = write_generation(slot, *generation); !written) {
            return written;
        }
    }
    return {};
}

Result<void> GenerationWriter::set_open(bool open) const {
    auto control = this->control();
    if (!control) {
        return Failure{control.error()};
    }
    control->open = open ? 1 : 0;
    return write_control(*control);
}

}  // namespace tollgate::agent

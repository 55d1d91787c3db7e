// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/core/loaded_policy.hpp"
#include "agent/core/refusal.hpp"
#include "agent/core/state.hpp"
#include "agent/core/state_store.hpp"
#include "agent/datapath/gate.hpp"
#include "agent/system/clock.hpp"

namespace tollgate::agent {

/// What a change puts in force.
struct Proposal {
    PolicyPointer policy;  ///< null: the policy stays
    Stages stages;         ///< of the interfaces that change; the others keep theirs
    std::string change;    ///< as in PendingChange
    std::string by;
    std::chrono::seconds confirm_within{120};  ///< 0: confirmed at once
    Session session;                           ///< that the change comes through
};

/// Keeps the promise that nobody is locked out and nothing is opened: which generation is in force,
/// for how long, and what comes back after the deadline, a crash or a reboot. A change is on disk
/// before the kernel is told; what the disk has already comes into force also where it takes
/// nothing more. Owns the data path's generations; reads nothing from outside but its own state
/// folder. Not thread-safe.
class Warden {
  public:
    /// The confirmed policy comes into force: it is adopted if the kernel still has it, loaded from
    /// disk if not (a reboot), and an unconfirmed change is reverted if its deadline has passed or
    /// the machine was rebooted. With neither, every interface is in the stage learn. If the disk
    /// takes nothing, what it has is in force all the same, and warnings() says so.
    ///
    /// @param interfaces    to protect; each is given a zone for good
    /// @param first_policy  put in force, confirmed, if there never was one; may be null
    /// @return on an error nothing in the kernel has changed; EBADMSG: the state is damaged;
    /// ENOSPC: all of the TG_ZONES_MAX zones are taken; as write(2): there is no policy on disk,
    /// and the first cannot be kept
    [[nodiscard]] static Result<std::unique_ptr<Warden>> start(
        Gate& gate,
        StateStore store,
        const Clock& clock,
        const std::vector<std::string>& interfaces,
        const PolicyPointer& first_policy);

    /// Makes a change. @return Refusal::Code::pending: another one is unconfirmed
    [[nodiscard]] Answer<Generation> change(const Proposal& proposal);
    /// Makes the pending change last. @param generation  which one; none: the pending one
    /// @return not_found: nothing is pending, or it was reverted; same_connection
    [[nodiscard]] Answer<Generation> confirm(std::optional<std::uint32_t> generation,
                                             const Session& session);
    /// Takes the pending change back, now.
    [[nodiscard]] Answer<Generation> revert();
    /// Gives the interface of a tunnel its zone, for good. A new one begins in the strictest stage
    /// that any interface is in: a tunnel never opens a way around the policy.
    /// @return ENOSPC: all of the TG_ZONES_MAX zones are taken
    [[nodiscard]] Result<std::uint8_t> add_tunnel(const std::string& interface);
    /// Lets everything pass, now. The kernel is told even if the disk is full.
    [[nodiscard]] Result<void> open();
    /// Judges all flows again (the blocklist has changed).
    [[nodiscard]] Result<void> revoke_verdicts();
    /// Compiles and loads the policy in force again, because a rule has expired or the wall clock
    /// was set. Does nothing while a change is pending.
    [[nodiscard]] Result<void> reload();

    /// To be called at least once a second: makes official what a deadline has reverted, and that
    /// the gate was opened past this agent (`tollgate open` that could not reach it).
    /// @return true if a change was reverted
    bool tick();

    [[nodiscard]] const State& state() const { return state_; }
    [[nodiscard]] const StateStore& store() const { return store_; }
    /// The generation in force, a pending one included.
    [[nodiscard]] const Generation& in_force() const;
    [[nodiscard]] const PolicyPointer& policy() const { return policy_; }
    [[nodiscard]] policy::Stage stage_of(const std::string& interface) const;
    /// CLOCK_BOOTTIME; none: nothing is pending.
    [[nodiscard]] std::optional<std::uint64_t> deadline_ns() const;
    /// What went wrong without stopping the agent; for status.
    [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

  private:
    Warden(Gate& gate, StateStore store, const Clock& clock, State state);

    [[nodiscard]] static Result<void> give_zone(State& state, const std::string& interface);
    Result<void> load_confirmed(const PolicyPointer& first_policy);
    Result<void> adopt();
    Result<void> adopt_pending(const tg_generation& kernel);
    Result<void> adopt_unknown(const tg_generation& kernel);
    Result<void> adopt_confirmed(const tg_generation& kernel);
    [[nodiscard]] Result<PolicyPointer> stored_policy(const Generation& generation) const;

    Result<void> load(const Generation& generation,
                      const LoadedPolicy* policy,
                      std::uint64_t deadline_ns);
    /// On disk first; if the kernel refuses, the disk gets the old state back.
    Result<void> commit(State next, const std::function<Result<void>()>& kernel_step);
    /// For what is so already, whether or not the disk takes it.
    void save_if_possible();
    void warn_of_unsaved(const Error& error);
    Result<void> keep_open_as_fallback();
    void look_whether_open();
    [[nodiscard]] bool needs_reload() const;
    void warn(std::string_view event, const Error& error);

    Gate& gate_;
    StateStore store_;
    const Clock& clock_;
    State state_;
    PolicyPointer policy_;     ///< in force
    PolicyPointer confirmed_;  ///< the same, unless a change is pending
    std::uint64_t deadline_ns_ = 0;
    std::int64_t boot_minus_wall_ns_ = 0;  ///< with which expiries were last converted
    std::vector<std::string> warnings_;
};

}  // namespace tollgate::agent

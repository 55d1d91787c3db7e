// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "agent/core/agent.hpp"
#include "agent/core/policy_file_status.hpp"
#include "agent/system/connection_probe.hpp"
#include "agent/system/folder_watch.hpp"

namespace tollgate::agent {

/// Keeps in force what the policy file says (`policyWatch: apply`; docs/configuration.md): a new
/// text that is valid is put in force, a text that is not changes nothing.
///
/// A change is confirmed at once, or, with places that it must not cut off, once each has accepted
/// a new connection under it; else the data path takes it back after kConfirmWithin, with or
/// without the agent. It waits while another change is unconfirmed and while the gate is open. A
/// text that was put in force once is not put in force again, so that what people do by hand stays
/// until the file changes; unless it was taken back because nobody was there to confirm it: a
/// reboot, or an agent that was away. Belongs to the agent's loop.
class PolicyFollower {
  public:
    static constexpr std::chrono::seconds kConfirmWithin{30};
    /// What the kernel or the disk did not take is tried again after so long.
    static constexpr std::uint64_t kRetryNs = 10 * TG_SECOND;

    /// Reads the file for the first time. @param peer_names  of the tunnels, which a policy may
    /// name
    /// @return what inotify_init1(2) returns; a file that is not there is no error
    [[nodiscard]] static Result<std::unique_ptr<PolicyFollower>> start(
        Agent& agent,
        std::function<std::set<std::string>()> peer_names);

    /// Polls readable when the file may have changed.
    [[nodiscard]] int fd() const { return watch_.fd(); }
    /// Reads the file if it may have changed.
    void take_news();
    /// Reads the file. A text that was refused is looked at again: the tunnels may have changed.
    void read();
    /// To be called about once a second: goes on with what waits.
    void tick();

  private:
    PolicyFollower(Agent& agent,
                   FolderWatch watch,
                   std::function<std::set<std::string>()> peer_names);

    /// Where it has got to, apart from what the file says now.
    struct Progress {
        PolicyFileStatus::State state;
        std::string problem;
    };

    [[nodiscard]] Answer<PolicyPointer> load(std::string text) const;
    void take(const PolicyPointer& policy);
    void refuse(const Refusal& refusal);
    void advance();
    [[nodiscard]] Progress begin();
    [[nodiscard]] Progress put_in_force();
    [[nodiscard]] Progress confirm();
    [[nodiscard]] Progress outcome() const;

    Agent& agent_;
    FolderWatch watch_;
    std::filesystem::path file_;
    std::function<std::set<std::string>()> peer_names_;
    bool has_places_;
    ConnectionProbe probe_;
    std::string read_;      ///< what the file said when it was read last, or why it could not be
    PolicyPointer wanted_;  ///< valid, and not put in force yet
    std::string refusal_;   ///< why what it says now is not wanted; empty: it is not refused
    std::string failure_;   ///< why `wanted_` could not be put in force at the last try
    std::uint64_t retry_ns_ = 0;  ///< when that is tried again, CLOCK_BOOTTIME
};

}  // namespace tollgate::agent

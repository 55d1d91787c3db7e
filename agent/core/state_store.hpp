// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tollgate/ip.hpp>
#include <tollgate/result.hpp>

#include "agent/core/state.hpp"

namespace tollgate::agent {

/// The state folder (0700): what must survive a crash and a reboot.
///
///     state.json          struct State
///     policies/HASH.yaml  the text of every policy in the state and its history
///     blocklist           one prefix per line
///     evidence.db         the learner's (policy/evidence.hpp)
///
/// Files are replaced whole and synced: after a crash there is the old content or the new.
class StateStore {
  public:
    /// Makes the folder, or removes from it what a write left that never ended: only one process
    /// may use it. @return EACCES, EROFS, ENOSPC, …: there is no state in it, and it cannot be
    /// written
    [[nodiscard]] static Result<StateStore> open(const std::filesystem::path& folder);

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

    /// @return none: there is no state yet; EBADMSG: the file is damaged, and what to do about it
    [[nodiscard]] Result<std::optional<State>> load() const;
    /// @return EFBIG: load() would not read that much; ENOSPC, …: it cannot be written. The file
    /// stays.
    [[nodiscard]] Result<void> save(const State& state) const;

    /// Keeps the text of a policy; nothing happens if it is there already.
    [[nodiscard]] Result<void> save_policy(const std::string& hash, std::string_view yaml) const;
    /// @return EBADMSG: the text does not have this hash
    [[nodiscard]] Result<std::string> load_policy(const std::string& hash) const;
    /// Removes policies that `state` does not name.
    void prune_policies(const State& state) const;

    [[nodiscard]] Result<void> save_blocklist(const std::vector<Prefix>& prefixes) const;
    /// @return empty if there is none; EBADMSG names the line that is none
    [[nodiscard]] Result<std::vector<Prefix>> load_blocklist() const;

  private:
    explicit StateStore(std::filesystem::path folder) : folder_{std::move(folder)} {}
    [[nodiscard]] std::filesystem::path policy_path(const std::string& hash) const;

    std::filesystem::path folder_;
};

}  // namespace tollgate::agent

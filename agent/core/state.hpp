// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/model.hpp"

/// What the warden remembers on disk.
namespace tollgate::agent {

/// By interface name.
using Stages = std::map<std::string, policy::Stage>;

/// A connection that a change came through: SSH_CONNECTION, or else the caller's terminal.
struct Session {
    std::string remote;
    std::uint16_t remote_port = 0;
    std::string local;
    std::uint16_t local_port = 0;
    std::string tty;

    [[nodiscard]] bool has_address() const { return !remote.empty(); }
    bool operator==(const Session&) const = default;
};

/// True if both are known to be one and the same: the same TCP connection or, where one of them is
/// none, the same terminal.
[[nodiscard]] bool is_same_connection(const Session& a, const Session& b);

/// A policy with the stages it is in force with.
struct Generation {
    std::uint32_t number = 0;  ///< as people see it
    /// As the kernel has it now: moves on without a change of policy, e.g. with the blocklist.
    std::uint32_t loaded_number = 0;
    std::string hash;  ///< of the policy's text; empty: no policy (nothing allowed, nothing denied)
    std::int64_t compiled_wall_s = 0;  ///< rules are numbered as of this moment
    Stages stages;
    bool operator==(const Generation&) const = default;
};

struct PendingChange {
    Generation generation;
    std::string change;  ///< "enforce", "audit", "policy", "rollback"
    std::string by;
    Session session;
    std::int64_t deadline_wall_s = 0;  ///< for people; the kernel has the one that counts
    bool operator==(const PendingChange&) const = default;
};

struct HistoryEntry {
    std::uint32_t generation = 0;
    std::int64_t time_wall_s = 0;
    std::string change;
    std::string by;
    std::string hash;
    std::string name;   ///< of the policy
    std::string state;  ///< "active", "pending", "confirmed", "reverted", "replaced"
    bool operator==(const HistoryEntry&) const = default;
};

inline constexpr std::size_t kHistoryMax = 20;

/// HistoryEntry::change of what a policy file says that is followed (PolicyFollower).
inline constexpr std::string_view kFileChange = "file";

/// FollowedText::state: taken back without anybody's having looked whether it cuts something off.
inline constexpr std::string_view kUnconfirmed = "unconfirmed";

/// The last text of the policy file that was put in force, for as long as the file has no other.
struct FollowedText {
    std::uint32_t generation = 0;
    std::string hash;
    std::string state;  ///< as HistoryEntry::state, or kUnconfirmed
    bool operator==(const FollowedText&) const = default;
};

struct State {
    std::uint32_t last_number = 0;              ///< the highest generation number ever used
    std::string boot_id;                        ///< of the boot that wrote this
    bool open = false;                          ///< `tollgate open`
    std::map<std::string, std::uint8_t> zones;  ///< by interface name; a zone is never given away
    Generation confirmed;
    std::optional<PendingChange> pending;
    std::optional<FollowedText> followed;
    std::vector<HistoryEntry> history;  ///< oldest first, at most kHistoryMax
    bool operator==(const State&) const = default;
};

}  // namespace tollgate::agent

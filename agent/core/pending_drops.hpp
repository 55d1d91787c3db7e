// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include <tollgate/abi/report.h>

namespace tollgate::agent {

/// Tells of the drops that the data path has gathered and not sent (abi/report.h), so that the last
/// ones before a silence are not missing; and takes them off the event that sends them after all.
/// An entry of the map `reports` that nothing came to for TG_REPORT_NS changes only when it is
/// sent: what was told of it is known exactly. Not thread-safe.
class PendingDrops {
  public:
    /// Takes the map, as Gate::reports() gives it. To be called before the events that wait are
    /// read, and settle() afterwards.
    /// @return an event for each entry that has stood still since the last call, once
    [[nodiscard]] std::vector<tg_event> tell(std::vector<tg_report> held, std::uint64_t now_ns);

    /// Takes every event of the type TG_EVENT_DROP from the ring.
    /// @return how many of its packets have not been told yet
    [[nodiscard]] std::uint64_t news_of(const tg_event& sent);

    /// Ends the round that tell() began.
    /// @return how many packets were told that the data path has counted as unreported since,
    ///         because their event was lost
    [[nodiscard]] std::uint64_t settle();

  private:
    struct Told {
        tg_report report;
        bool sent = false;  ///< its event has come
        bool gone = false;  ///< the entry holds something else by now
    };
    static bool same_drops(const Told& told, const tg_event& sent);
    void match_again();

    std::vector<tg_report> held_;
    std::map<std::size_t, Told> told_;  ///< by index into held_
};

}  // namespace tollgate::agent

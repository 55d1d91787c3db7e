// SPDX-License-Identifier: MIT
#include "agent/core/wg_changes.hpp"

#include <system_error>
#include <utility>

#include <tollgate/abi/limits.h>

namespace tollgate::agent {

void WgChanges::tell(const std::string& tunnel, int error) {
    {
        const std::lock_guard lock{mutex_};
        Tally& tally = tallies_[tunnel];
        ++tally.changes;
        if (error != 0) {
            ++tally.failed;
            tally.error = error;
        }
        if (std::exchange(tally.is_awaited, true)) {
            return;
        }
    }
    static_cast<void>(queue_.begin([this] {
        tick();
        return true;
    }));
}

void WgChanges::tick() {
    write_due(TG_SECOND);
}

void WgChanges::finish() {
    write_due(0);
}

void WgChanges::write_due(std::uint64_t pause_ns) {
    const std::uint64_t now = clock_.boot_ns();
    Tallies due;
    {
        const std::lock_guard lock{mutex_};
        for (auto& [tunnel, tally] : tallies_) {
            const bool is_due = tally.noted_ns == 0 || now - tally.noted_ns >= pause_ns;
            if (is_due && tally.changes != 0) {
                due.emplace(tunnel, std::exchange(tally, {.noted_ns = now}));
            }
        }
        std::erase_if(tallies_, [&](const auto& entry) {
            return entry.second.changes == 0 && now - entry.second.noted_ns >= TG_SECOND;
        });
    }
    for (const auto& [tunnel, tally] : due) {
        write(tunnel, tally);
    }
}

void WgChanges::write(const std::string& tunnel, const Tally& tally) {
    log_.note({0,
               "wg",
               "tunnels/set",
               tally.failed == 0 ? "done" : std::generic_category().message(tally.error),
               {{"tunnel", tunnel},
                {"changes", std::to_string(tally.changes)},
                {"failed", std::to_string(tally.failed)}}});
}

}  // namespace tollgate::agent

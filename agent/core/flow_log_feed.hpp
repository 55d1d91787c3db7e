// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include <tollgate/abi/limits.h>

#include "agent/core/event_history.hpp"
#include "agent/core/flow_link.hpp"
#include "agent/core/interface_watch.hpp"
#include "agent/core/learn_driver.hpp"
#include "agent/core/warden.hpp"
#include "agent/datapath/gate.hpp"
#include "agent/flowlog/flow_ledger.hpp"
#include "agent/flowlog/flow_log.hpp"
#include "agent/flowlog/settings.hpp"
#include "agent/system/clock.hpp"

namespace tollgate::agent {

/// Makes the records of the flow log from what the agent reads anyway: the flow table and the
/// events of drops. What the log cannot tell is counted, and told. Not thread-safe, and never
/// waits.
class FlowLogFeed {
  public:
    /// Where the names in records are from. All of it outlives the feed.
    struct Sources {
        Gate& gate;
        const Clock& clock;
        const Warden& warden;
        const InterfaceWatch& watch;
        const LearnDriver& learning;
    };

    FlowLogFeed(const FlowLogSettings& settings, std::unique_ptr<FlowLog> log, Sources sources);

    /// Before the flow table is read; what is in it then goes to show().
    void begin_sweep();
    void show(const tg_flow_key& key, const tg_flow& flow);
    /// @param whole  all of the table was read
    void end_sweep(bool whole);

    /// Takes drops and would-drops; other events make no record.
    void note_event(const ObservedEvent& event);
    void note_lost_drops(std::uint64_t packets) { losses_.drops += packets; }
    /// After the last sweep: the end of every flow, then the log is closed.
    void stop();

    [[nodiscard]] FlowLogCounters counters() const { return log_->counters(); }
    /// What no record tells of, in all; `records` is in counters().
    [[nodiscard]] const FlowLogLosses& losses() const { return lost_; }

  private:
    struct NumberedPolicy {
        std::uint32_t generation = 0;
        PolicyPointer policy;
    };

    void follow_policy();
    void count_unseen();
    void tell(const FlowLedger::Line& line);
    void tell_losses();
    [[nodiscard]] std::string rule_name(std::uint32_t generation, std::uint32_t rule) const;

    FlowLogSettings settings_;
    std::unique_ptr<FlowLog> log_;
    Sources sources_;
    FlowLedger ledger_;
    NumberedPolicy policy_;         ///< in force
    NumberedPolicy policy_before_;  ///< flows may not have been judged again yet
    ZoneLinks links_{};
    std::array<std::string, TG_ZONES_MAX> interfaces_;
    std::int64_t boot_minus_wall_ns_ = 0;
    bool is_first_sweep_ = true;
    std::uint64_t made_ = 0;         ///< flows, as the data path counted them before this sweep
    std::uint64_t made_before_ = 0;  ///< before the first sweep
    FlowLogLosses losses_;           ///< since the last record of them
    FlowLogLosses lost_;             ///< in all
};

}  // namespace tollgate::agent

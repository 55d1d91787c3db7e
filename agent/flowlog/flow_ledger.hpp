// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <utility>

#include <tollgate/abi/drop_reason.h>
#include <tollgate/abi/flow.h>

#include "agent/flowlog/record.hpp"

namespace tollgate::agent {

/// Keeps account of what the flow log has told of each flow in the data path's table, and says what
/// is to be told next: at intervals, and when a flow ends. Has an entry for each flow that was in
/// the table at the last look, so it needs as much memory as the table has flows. Times are
/// CLOCK_BOOTTIME. Not thread-safe, no clock.
class FlowLedger {
  public:
    /// What is to be told of a flow now.
    struct Line {
        FlowLogType type = FlowLogType::interval;  ///< or end
        FlowEnd end = FlowEnd::none;
        const tg_flow_key& key;
        const tg_flow& flow;  ///< as it was last read
        const std::string& rule;
        std::array<std::uint64_t, TG_DIRECTIONS> packets{};  ///< since the line before
        std::array<std::uint64_t, TG_DIRECTIONS> bytes{};
    };
    struct Callbacks {
        std::function<void(const Line&)> tell;
        /// The name of the rule that allows a flow; asked when it is seen first or judged again.
        std::function<std::string(const tg_flow&)> rule_name;
    };

    FlowLedger(std::uint64_t interval_ns, Callbacks callbacks)
        : interval_ns_{interval_ns}, callbacks_{std::move(callbacks)} {}

    /// Between this and end_look(), every entry of the table is to be shown, embryos first: then a
    /// flow that moves to the other table meanwhile is seen at least once.
    void begin_look(std::uint64_t now_ns);
    void show(const tg_flow_key& key, const tg_flow& flow);
    /// @param whole  all of the table was shown: what was not is gone
    void end_look(bool whole);

    /// The flows of the next look were there before: they count as seen by an earlier agent, and
    /// what they have carried so far as told by it.
    void take_over();

    /// A packet with this key was dropped. Ends the flow if it says that no rule allows it any
    /// more.
    void note_drop(const tg_flow_key& key, std::uint64_t time_ns, tg_drop_reason reason);

    /// Tells the end of every flow that is not over: stopped.
    void stop();

    /// Flows that began and were seen, and ends that were missed (FlowLogLosses::ends), in all.
    [[nodiscard]] std::uint64_t seen() const { return seen_; }
    [[nodiscard]] std::uint64_t missed_ends() const { return missed_ends_; }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

  private:
    struct Entry {
        tg_flow flow{};
        std::array<std::uint64_t, TG_DIRECTIONS> told_packets{};
        std::array<std::uint64_t, TG_DIRECTIONS> told_bytes{};
        std::uint64_t due_ns = 0;      ///< of the next line of a flow that goes on
        std::uint64_t dropped_ns = 0;  ///< when no rule allowed a packet of it; 0: never
        std::uint32_t look = 0;        ///< at which it was last there
        bool over = false;             ///< its end was told
        std::string rule;
    };
    struct KeyHash {
        [[nodiscard]] std::size_t operator()(const tg_flow_key& key) const;
    };
    struct KeyEqual {
        bool operator()(const tg_flow_key& one, const tg_flow_key& other) const;
    };

    void begin(const tg_flow_key& key, const tg_flow& flow, Entry& entry);
    void read(const tg_flow& flow, Entry& entry);
    void tell(const tg_flow_key& key, Entry& entry, FlowEnd end);
    void tell_gone(const tg_flow_key& key, Entry& entry, std::uint64_t gone_ns);

    std::uint64_t interval_ns_;
    Callbacks callbacks_;
    std::unordered_map<tg_flow_key, Entry, KeyHash, KeyEqual> entries_;
    std::uint64_t now_ns_ = 0;
    std::uint32_t look_ = 0;
    bool taking_over_ = false;
    std::uint64_t seen_ = 0;
    std::uint64_t missed_ends_ = 0;
};

}  // namespace tollgate::agent

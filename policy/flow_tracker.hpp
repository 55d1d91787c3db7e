// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <span>

#include <tollgate/abi/packet.h>

#include "policy/dns_queries.hpp"
#include "policy/flow_record.hpp"
#include "policy/learn_names.hpp"

namespace tollgate::policy {

/// Makes flows of frames as the data path does in the stage learn (docs/packet-path.md, section 6),
/// and names of the DNS answers among them (section 8).
///
/// Frames that the parser refuses, baseline traffic, ICMP errors and later fragments make no flow.
/// Memory is bounded: the flow that was silent longest makes room. Not thread-safe, no clock.
class FlowTracker {
  public:
    struct Sinks {
        /// Called when a flow begins, when it is answered, about once an hour while it lives, and
        /// at its end, with the flow's counters so far: Learner::observe() and
        /// FlowHistory::update() know it again.
        std::function<void(const FlowRecord&)> flow;
        std::function<void(const NameBinding&)> name;  ///< called before flows to the address begin
    };

    explicit FlowTracker(Sinks sinks, std::size_t flows_max = 65536);

    /// Takes a frame, from its Ethernet header on. Frames come in order of time.
    /// @param original_length the length on the wire, at least frame.size()
    void frame(Direction direction,
               Timestamp at,
               std::span<const std::byte> frame,
               std::uint32_t original_length);

    /// Ends all flows.
    void finish();

    [[nodiscard]] std::size_t size() const { return flows_.size(); }

  private:
    /// The bytes of tg_flow_key; for ICMP other than echo with the type in the port.
    using Key = std::array<std::uint8_t, sizeof(tg_flow_key)>;
    struct Flow {
        Key key;
        FlowRecord record;
        Timestamp reported;
        std::uint32_t answer_sequence = 0;  ///< of the responder's SYN+ACK
        bool established = false;
        bool reset = false;
        std::array<bool, TG_DIRECTIONS> finished{};

        [[nodiscard]] bool closing() const;
        [[nodiscard]] std::chrono::nanoseconds timeout() const;
    };
    using Flows = std::list<Flow>;  ///< silent longest first

    /// The flow of the packet, an existing or a new one; null if it belongs to none.
    Flow* flow_of(const Key& key, const tg_packet& packet, Direction direction, Timestamp at);
    Flow& begin(const Key& key, const tg_packet& packet, Direction direction, Timestamp at);
    void update(Flow& flow, const tg_packet& packet, Direction direction, Timestamp at);
    void read_dns(const Flow& flow,
                  const tg_packet& packet,
                  Direction direction,
                  std::span<const std::byte> frame);
    void report(Flow& flow);
    void end(Flows::iterator flow);

    Sinks sinks_;
    std::size_t flows_max_;
    Flows flows_;
    std::map<Key, Flows::iterator> by_key_;
    DnsQueries queries_;
};

}  // namespace tollgate::policy

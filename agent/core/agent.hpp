// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/audit/audit_log.hpp"
#include "agent/core/dns_reader.hpp"
#include "agent/core/effect.hpp"
#include "agent/core/event_history.hpp"
#include "agent/core/eviction_count.hpp"
#include "agent/core/exit_code.hpp"
#include "agent/core/interface_watch.hpp"
#include "agent/core/learn_driver.hpp"
#include "agent/core/options.hpp"
#include "agent/core/pending_drops.hpp"
#include "agent/core/policy_file_status.hpp"
#include "agent/core/prefix_set.hpp"
#include "agent/core/tunnel_peers.hpp"
#include "agent/core/warden.hpp"
#include "agent/datapath/gate.hpp"
#include "agent/report/metrics.hpp"
#include "agent/system/clock.hpp"

namespace tollgate::agent {

class FlowLogFeed;

/// Everything that the agent's loop owns, and what the control API and the metrics ask of it. Not
/// thread-safe: others reach it through the TaskQueue.
class Agent {
  public:
    /// Opens the state folder, brings the policy into force and attaches to the interfaces.
    [[nodiscard]] static StartResult<std::unique_ptr<Agent>> start(const Options& options,
                                                                   std::unique_ptr<Gate> gate,
                                                                   const Clock& clock);
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;
    ~Agent();

    /// Who reads DNS messages; nobody does until this is called, and no name is learned. It
    /// outlives this agent, or is called no more.
    void read_dns_by(DnsReader& reader) { dns_ = &reader; }
    /// Null: nobody.
    [[nodiscard]] const DnsReader* dns() const { return dns_; }

    /// Reads all waiting events.
    void read_events();
    /// Reads the waiting events, then what LearnDriver::sweep() reads: a flow that waited for an
    /// answer gets its name.
    void sweep();
    /// To be called when interfaces came, went or changed.
    void look_for_interfaces() { watch_.attach_newcomers(); }
    /// To be called once a second.
    void tick();
    /// Before the agent ends: what it knows goes to disk. The data path stays as it is.
    void stop();

    [[nodiscard]] const Options& options() const { return options_; }
    [[nodiscard]] const Clock& clock() const { return clock_; }
    [[nodiscard]] Gate& gate() { return *gate_; }
    /// The gate for the tunnels of this agent, which may not outlive it.
    [[nodiscard]] GateForTunnels gate_for_tunnels();
    /// What a tunnel with this name needs of the gate, in whichever process it runs.
    [[nodiscard]] Result<TunnelPlace> tunnel_place(const std::string& name);
    [[nodiscard]] const Warden& warden() const { return *warden_; }
    [[nodiscard]] const InterfaceWatch& watch() const { return watch_; }
    [[nodiscard]] const EventHistory& events() const { return events_; }
    [[nodiscard]] LearnDriver& learning() { return *learning_; }
    /// Null: there is none.
    [[nodiscard]] const FlowLogFeed* flow_log() const { return flow_log_.get(); }
    [[nodiscard]] const PrefixSet& blocklist() const { return blocklist_; }
    [[nodiscard]] AuditLog& audit_log() { return *audit_log_; }
    [[nodiscard]] std::string interface_of(std::uint8_t zone) const;
    [[nodiscard]] std::vector<std::string> warnings() const;
    [[nodiscard]] std::uint64_t started_ns() const { return started_ns_; }

    /// The policy that enforce and audit put in force: the present one with the approved
    /// candidates.
    [[nodiscard]] policy::Policy exported_policy(policy::Stage mode);
    [[nodiscard]] RecordedTraffic recorded_traffic();
    [[nodiscard]] TunnelPeers tunnel_peers();

    [[nodiscard]] Answer<Generation> change(const Proposal& proposal);
    [[nodiscard]] Answer<Generation> confirm(std::optional<std::uint32_t> generation,
                                             const Session& session);
    [[nodiscard]] Answer<Generation> revert();
    [[nodiscard]] Answer<Generation> open();

    /// A change that was refused before it was one, for the log and the metrics.
    void note_refusal(const Refusal& refusal, std::string_view what);
    /// What was refused is withdrawn, and the policy in force is what is wanted.
    void forget_refusal() { changes_.last_successful = true; }
    /// Where a policy file that is followed has got to; for status.
    void set_policy_file(PolicyFileStatus status) { policy_file_ = std::move(status); }
    [[nodiscard]] const std::optional<PolicyFileStatus>& policy_file() const {
        return policy_file_;
    }

    /// What happens to the blocklist is on disk, in the kernel and in force when these return.
    /// @return how many prefixes were new, or gone
    [[nodiscard]] Answer<std::size_t> block(const std::vector<Prefix>& prefixes);
    [[nodiscard]] Answer<std::size_t> unblock(const std::vector<Prefix>& prefixes);
    /// @return how many were new or are gone
    [[nodiscard]] Answer<std::size_t> replace_blocklist(const std::vector<Prefix>& prefixes);

    /// How often policies were put in force, and how the last one went; for metrics.
    struct Changes {
        bool last_successful = true;
        std::int64_t last_success_wall_s = 0;
        std::uint64_t refused = 0;
        std::uint64_t event_errors = 0;  ///< times that the ring could not be read
        Durations durations;
    };
    [[nodiscard]] const Changes& changes() const { return changes_; }

    /// Of a table of the gate, since the first call.
    [[nodiscard]] std::uint64_t evictions(std::string_view table, const Gate::EvictionBounds& now) {
        return evictions_[table].see(now);
    }

  private:
    Agent(Options options, std::unique_ptr<Gate> gate, const Clock& clock);

    StartResult<void> open_state();
    StartResult<void> attach();
    Result<void> restore_blocklist();
    void take_back_blocklist();
    /// What is in force, for the audit log.
    void note_in_force(std::string actor, std::string action);
    StartResult<void> start_flow_log();
    void stop_flow_log();
    void sweep_flows();
    void note_event(ObservedEvent event);
    void note_lost_events(std::uint64_t packets);
    [[nodiscard]] ObservedEvent observed(const tg_event& record) const;
    /// Says what carried the packet of an event, and whose its remote address is.
    void tell_link(ObservedEvent& event) const;
    [[nodiscard]] bool has_tunnel() const;
    void on_event(std::span<const std::byte> record);
    /// Notes an event once its message is read. @param record  that of the event
    void read_dns(ObservedEvent event, std::span<const std::byte> record);
    void read_pending_drops();
    void note_losses();
    [[nodiscard]] Answer<std::size_t> set_blocklist(PrefixSet next);
    void note(const Answer<Generation>& change, std::string_view what);

    Options options_;
    std::unique_ptr<Gate> gate_;
    const Clock& clock_;
    std::unique_ptr<Warden> warden_;
    std::unique_ptr<LearnDriver> learning_;
    DnsReader* dns_ = nullptr;
    std::optional<AuditLog> audit_log_;
    InterfaceWatch watch_;
    std::unique_ptr<FlowLogFeed> flow_log_;
    EventHistory events_;
    PendingDrops pending_;
    PrefixSet blocklist_;
    std::uint64_t started_ns_ = 0;
    std::uint64_t ticks_ = 0;
    std::uint64_t losses_told_ = 0;
    Changes changes_;
    std::map<std::string_view, EvictionCount> evictions_;  ///< by a name that Gate has for good
    std::optional<PolicyFileStatus> policy_file_;
};

}  // namespace tollgate::agent

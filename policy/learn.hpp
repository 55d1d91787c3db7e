// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <tollgate/ip.hpp>
#include <tollgate/result.hpp>

#include "policy/flow_record.hpp"
#include "policy/learn_candidate.hpp"
#include "policy/learn_finder.hpp"
#include "policy/learn_history.hpp"
#include "policy/learn_names.hpp"
#include "policy/learn_service.hpp"
#include "policy/model.hpp"
#include "policy/readiness.hpp"

namespace tollgate::policy {

struct LearnOptions {
    /// Propose the dynamic port range (32768–65535) as a whole where single ports would not repeat.
    bool ephemeral_ports = false;
    std::size_t services_max = 16384;
    std::size_t names_max = 8192;     ///< addresses with a name
    std::size_t history_max = 16384;  ///< recent flows
};

struct ProposalOptions {
    std::string name = "learned";
    std::string description;
    std::vector<std::string> interfaces;  ///< applyTo
    Stage mode = Stage::audit;
    bool approved_only = false;  ///< leave out what nobody has approved yet
    bool tunnels = false;        ///< the host has some: rules say where they hold
};

/// What was decided about a candidate. An approved one stays in the policy, with its rule as it was
/// approved, also when newer evidence leads to a different candidate.
struct DecidedCandidate {
    std::uint32_t number = 0;  ///< of the id
    Decision decision = Decision::pending;
    std::string by;
    bool operator==(const DecidedCandidate&) const = default;
};

struct LearnStatus {
    std::uint64_t flows = 0;  ///< observed
    std::size_t services = 0;
    std::size_t names = 0;
    std::uint64_t refused = 0;  ///< flows of new services for which `services_max` left no room
    Timestamp first_seen = Timestamp::max();
    Timestamp last_seen = Timestamp::min();
    Readiness readiness;
};

/// Learns from flows what a device says, and proposes the policy that allows it.
///
/// Flows and name bindings come from the kernel's tables or from a FlowTracker over a capture; both
/// feed the same two functions. Memory is bounded by LearnOptions. Deterministic: the same input in
/// the same order gives the same candidates, ids and policy. Not thread-safe, no clock: time comes
/// with the input.
class Learner {
  public:
    explicit Learner(LearnOptions options = {});

    /// Takes a flow. A flow that goes on may be given again and again: a record with the same
    /// addresses, ports, protocol and direction that begins before the last one ended is the same
    /// flow, and only the growth of its counters is added.
    void observe(const FlowRecord& seen);

    /// Takes the sum of a service from the kernel's map `services`, which outlives lost events: if
    /// the service is not known yet, adds it as one flow; otherwise changes nothing. Ephemeral
    /// ports of `service` are ignored.
    void repair(const FlowRecord& service);

    /// Takes what a DNS answer said: later flows to the address are flows to the name. The name is
    /// the one that was asked for, not an alias behind it. Names of mDNS or LLMNR must not come
    /// here.
    void bind(const NameBinding& binding);

    /// Notes that the device was watched at this time, even if it said nothing.
    void watch(Timestamp at);

    /// Sets the test for blocklisted remotes; called when candidates are computed.
    void set_blocklist(std::function<bool(const IpAddress&)> blocked);

    /// Everything worth a look, the proposed ones first. Gives ids to new candidates.
    [[nodiscard]] std::vector<Candidate> candidates();
    /// How many candidates candidates() has ever found: the number of the newest.
    [[nodiscard]] std::uint32_t found() const { return last_number_; }

    /// Decides about candidates by id ("a1"). "all" approves the pending ones without objection,
    /// and rejects all pending ones. All or nothing. Error: an id that no candidate has, named.
    Result<void> approve(const std::vector<std::string>& ids, std::string_view by);
    Result<void> reject(const std::vector<std::string>& ids, std::string_view by);

    /// The policy of all proposed candidates: few named rules, one line of evidence each. Baseline
    /// traffic needs no rule, failsafe rules are the caller's. A rule holds on the link that its
    /// evidence is from; where no tunnel is, or ever was, there is one link, and rules say nothing.
    [[nodiscard]] Policy propose(const ProposalOptions& options = {});

    [[nodiscard]] LearnStatus status() const;
    [[nodiscard]] const FlowHistory& history() const { return history_; }
    [[nodiscard]] const NameTable& names() const { return names_; }

    /// Forgets all evidence and decisions; the blocklist stays.
    void clear();

    // What the evidence store (policy/evidence.hpp) saves and restores.
    using Services = std::map<ServiceKey, ServiceEvidence>;
    using Decisions = std::map<std::string, DecidedCandidate>;  ///< key: Candidate::key
    [[nodiscard]] const Services& services() const { return services_; }
    [[nodiscard]] const Decisions& decisions() const { return decisions_; }
    [[nodiscard]] const HoursOfWeek& watched() const { return watched_; }
    void restore(const ServiceKey& key, const ServiceEvidence& evidence);
    void restore(const std::string& key, const DecidedCandidate& decision);
    void restore(const HoursOfWeek& watched) { watched_ |= watched; }
    void restore(const RecentFlow& flow) { history_.update(flow); }

  private:
    [[nodiscard]] Evidence evidence() const;
    [[nodiscard]] bool saw_a_tunnel() const;
    [[nodiscard]] static ServiceKey key_of(const FlowRecord& flow, const std::string& name);
    [[nodiscard]] std::string name_of(const FlowRecord& flow) const;
    /// A connection seen from its middle on may look opened by the wrong side; what is known of the
    /// other way round tells.
    [[nodiscard]] FlowRecord turned_if_guessed_wrong(const FlowRecord& flow) const;
    void add(const ServiceKey& key, const ServiceEvidence& evidence);
    Result<void> decide(const std::vector<std::string>& ids,
                        Decision decision,
                        std::string_view by);

    LearnOptions options_;
    Services services_;
    NameTable names_;
    FlowHistory history_;
    Decisions decisions_;
    HoursOfWeek watched_;
    std::function<bool(const IpAddress&)> blocked_;
    std::uint32_t last_number_ = 0;
    std::uint64_t refused_ = 0;
};

}  // namespace tollgate::policy

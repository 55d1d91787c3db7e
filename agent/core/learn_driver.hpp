// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/core/dns_reader.hpp"
#include "agent/core/flow_link.hpp"
#include "agent/datapath/gate.hpp"
#include "agent/system/clock.hpp"
#include "policy/evidence.hpp"
#include "policy/learn.hpp"

namespace tollgate::agent {

/// Feeds the learner from the data path: names from DNS answers as they come, flows and services
/// from the tables every few seconds. Keeps the evidence on disk. Not thread-safe.
class LearnDriver {
  public:
    LearnDriver(Gate& gate, const Clock& clock, std::unique_ptr<policy::EvidenceStore> store);

    /// Takes what an earlier agent has learned. @return as EvidenceStore::load()
    [[nodiscard]] Result<void> load();

    /// Takes what a record of the type TG_EVENT_DNS_ANSWER says.
    void on_dns_answer(const tg_event& event, const DnsReading& answer);

    /// Reads the flows that have changed since the last sweep and all services, and keeps the
    /// addresses alive that live flows were resolved to. What no interface carries any more is not
    /// learned: nobody knows whether it was in a tunnel.
    /// @param links  of the interfaces that there are
    /// @param also   is shown every flow of the table, changed or not; may be none
    /// @return whether all flows could be read
    bool sweep(const ZoneLinks& links, const Gate::FlowVisitor& also = {});
    /// Writes the evidence; a failure is logged and tried again the next time.
    void save();

    /// Admits what is known of the names of a policy that has just come into force, as if their
    /// answers came now.
    void preload_names(const policy::Policy& policy);

    [[nodiscard]] policy::Learner& learner() { return learner_; }
    [[nodiscard]] const policy::Learner& learner() const { return learner_; }
    /// The MAC address that a remote address was last seen with; zero: none was.
    [[nodiscard]] MacAddress mac_of(const IpAddress& address) const;
    /// The name that an address was last resolved from; empty: none.
    [[nodiscard]] std::string name_of(const IpAddress& address) const;
    /// What went wrong with the evidence; empty: nothing.
    [[nodiscard]] const std::string& warning() const { return warning_; }

  private:
    std::vector<policy::FlowRecord> read_services(const ZoneLinks& links);
    bool read_flows(const ZoneLinks& links, const Gate::FlowVisitor& also);
    void keep_names_alive();

    Gate& gate_;
    const Clock& clock_;
    std::unique_ptr<policy::EvidenceStore> store_;
    policy::Learner learner_;
    std::map<IpAddress, MacAddress> macs_;
    std::map<IpAddress, std::uint64_t> live_remotes_;  ///< to when they were last heard of
    std::uint64_t swept_to_ns_ = 0;
    std::string warning_;
};

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#include "agent/core/learn_driver.hpp"

#include <algorithm>
#include <set>

#include "agent/core/flow_records.hpp"
#include "agent/report/log.hpp"

namespace tollgate::agent {

namespace {

constexpr std::uint64_t kTtlFloorNs = TG_DNS_TTL_FLOOR_S * TG_SECOND;
constexpr std::uint64_t kTtlCeilingNs = TG_DNS_TTL_CEILING_S * TG_SECOND;
/// An admitted address in use is prolonged when it has less than this left.
constexpr std::uint64_t kProlongNs = 60 * TG_SECOND;
/// The kernel's clock is that of ticks: what changed in the tick of the last sweep is read again.
/// A flow that waited for an answer may bear a time before it, within the same tick.
constexpr std::uint64_t kTickNs = 20'000'000;
constexpr std::size_t kMacsMax = 4096;

/// As the data path counts it (docs/packet-path.md, section 8).
std::uint64_t lifetime_ns(std::chrono::seconds ttl) {
    const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(ttl.count(), 0)) * TG_SECOND;
    return std::clamp<std::uint64_t>(ns, kTtlFloorNs, kTtlCeilingNs);
}

std::set<policy::NamePattern> patterns_of(const policy::Policy& policy) {
    std::set<policy::NamePattern> patterns;
    for (const policy::Rule& rule : policy.rules) {
        patterns.insert(rule.selector.names.begin(), rule.selector.names.end());
    }
    return patterns;
}

// Admits the address under each pattern that its name matches.
Result<void> admit(Gate& gate,
                   const std::set<policy::NamePattern>& patterns,
                   const std::string& name,
                   const IpAddress& address,
                   std::uint64_t expires_ns) {
    for (const policy::NamePattern& pattern : patterns) {
        if (!pattern.matches(name)) {
            continue;
        }
        if (auto done = gate.resolve(address, gate.hash_of(pattern), expires_ns); !done) {
            return done;
        }
    }
    return {};
}

}  // namespace

LearnDriver::LearnDriver(Gate& gate,
                         const Clock& clock,
                         std::unique_ptr<policy::EvidenceStore> store)
    : gate_{gate}, clock_{clock}, store_{std::move(store)}, warning_{store_->warning()} {
    if (!warning_.empty()) {
        log(LogLevel::error, "evidence.replaced", {{"reason", warning_}});
    }
}

Result<void> LearnDriver::load() {
    return store_->load(learner_);
}

void LearnDriver::on_dns_answer(const tg_event& event, const DnsReading& answer) {
    const policy::Timestamp at = to_timestamp(event.time_ns - kTickNs, clock_.boot_minus_wall_ns());
    for (const policy::DnsAddress& address : answer.addresses) {
        learner_.bind({address.address, answer.name, at, address.ttl});
    }
}

bool LearnDriver::sweep(const ZoneLinks& links, const Gate::FlowVisitor& also) {
    const std::uint64_t now = clock_.boot_ns();
    learner_.watch(to_timestamp(now, clock_.boot_minus_wall_ns()));
    live_remotes_.clear();
    std::vector<policy::FlowRecord> services = read_services(links);
    const bool whole = read_flows(links, also);
    // After the flows: a flow that is still there says more than the sum of its service.
    for (const policy::FlowRecord& service : services) {
        learner_.repair(service);
    }
    keep_names_alive();
    swept_to_ns_ = now > kTickNs ? now - kTickNs : 0;
    return whole;
}

std::vector<policy::FlowRecord> LearnDriver::read_services(const ZoneLinks& links) {
    const std::int64_t offset = clock_.boot_minus_wall_ns();
    std::vector<policy::FlowRecord> records;
    auto read = gate_.for_each_service([&](const tg_service_key& key, const tg_service& service) {
        if (service.last_seen_ns < swept_to_ns_) {
            return;
        }
        policy::FlowRecord record = to_record(key, service, offset);
        if (complete(record, links, gate_)) {
            records.push_back(std::move(record));
        }
    });
    if (!read) {
        log(LogLevel::warn, "services.unread", {{"error", read.error().message()}});
    }
    for (const policy::FlowRecord& record : records) {
        if (record.remote_mac != MacAddress{}) {
            if (macs_.size() >= kMacsMax) {
                macs_.clear();
            }
            macs_[record.remote] = record.remote_mac;
        }
    }
    return records;
}

bool LearnDriver::read_flows(const ZoneLinks& links, const Gate::FlowVisitor& also) {
    const std::int64_t offset = clock_.boot_minus_wall_ns();
    auto read = gate_.for_each_flow([&](const tg_flow_key& key, const tg_flow& flow, bool embryo) {
        if (also) {
            also(key, flow, embryo);
        }
        const IpAddress remote = to_address(key.remote);
        if ((flow.flags & TG_FLOW_LOCAL_INITIATED) != 0) {
            auto& last = live_remotes_[remote];
            last = std::max<std::uint64_t>(last, flow.last_seen_ns);
        }
        const bool counted = flow.packets[TG_INGRESS] + flow.packets[TG_EGRESS] > 0;
        if (!counted || flow.last_seen_ns < swept_to_ns_) {
            return;
        }
        policy::FlowRecord record = to_record(key, flow, offset);
        if (complete(record, links, gate_)) {
            const bool clear = record.link == policy::Link::clear;
            record.remote_mac = clear ? mac_of(remote) : MacAddress{};
            learner_.observe(record);
        }
    });
    if (!read) {
        log(LogLevel::warn, "flows.unread", {{"error", read.error().message()}});
    }
    return read.has_value();
}

void LearnDriver::keep_names_alive() {
    struct Prolonged {
        IpAddress address;
        std::uint64_t pattern;
    };
    const std::uint64_t now = clock_.boot_ns();
    std::vector<Prolonged> prolonged;
    auto read = gate_.for_each_resolved([&](const IpAddress& address, const tg_resolved& names) {
        const auto live = live_remotes_.find(address);
        if (live == live_remotes_.end() || live->second + kTtlFloorNs < now) {
            return;
        }
        for (const tg_resolved_name& name : names.names) {
            if (name.pattern != 0 && name.expires_ns < now + kProlongNs) {
                prolonged.push_back({address, name.pattern});
            }
        }
    });
    for (const Prolonged& entry : prolonged) {
        auto resolved = gate_.resolve(entry.address, entry.pattern, now + kTtlFloorNs);
        read = read ? resolved : read;
    }
    if (!read) {
        log(LogLevel::warn, "names.unread", {{"error", read.error().message()}});
    }
}

void LearnDriver::save() {
    auto saved = store_->save(learner_);
    const std::string failed = saved ? std::string{} : saved.error().message();
    if (!failed.empty() && failed != warning_) {
        log(LogLevel::error, "evidence.unsaved", {{"error", failed}});
    }
    if (!failed.empty() || store_->warning().empty()) {
        warning_ = failed;
    }
}

void LearnDriver::preload_names(const policy::Policy& policy) {
    const std::int64_t offset_ns = clock_.boot_minus_wall_ns();
    const std::uint64_t now = clock_.boot_ns();
    const auto patterns = patterns_of(policy);
    for (const auto& [address, bindings] : learner_.names().all()) {
        for (const policy::NameBinding& binding : bindings) {
            const std::int64_t bound_ns =
                std::chrono::nanoseconds{binding.at.time_since_epoch()}.count() + offset_ns;
            const std::uint64_t expires =
                static_cast<std::uint64_t>(std::max<std::int64_t>(bound_ns, 0)) +
                lifetime_ns(binding.ttl);
            if (expires <= now) {
                continue;
            }
            if (auto done = admit(gate_, patterns, binding.name, address, expires); !done) {
                log(LogLevel::warn, "names.unloaded", {{"error", done.error().message()}});
                return;
            }
        }
    }
}

MacAddress LearnDriver::mac_of(const IpAddress& address) const {
    const auto found = macs_.find(address);
    return found == macs_.end() ? MacAddress{} : found->second;
}

std::string LearnDriver::name_of(const IpAddress& address) const {
    const auto at = to_timestamp(clock_.boot_ns(), clock_.boot_minus_wall_ns());
    const policy::NameBinding* binding = learner_.names().latest(address, at);
    return binding == nullptr ? std::string{} : binding->name;
}

}  // namespace tollgate::agent

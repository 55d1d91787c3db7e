// SPDX-License-Identifier: MIT
#include "policy/learn_finder.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>

#include <netinet/in.h>

#include <fmt/format.h>

#include "policy/domain.hpp"
#include "policy/learn_patterns.hpp"
#include "policy/learn_risk.hpp"

namespace tollgate::policy {
namespace {

constexpr std::size_t kNamesToWildcard = 2;   // names of one domain that stand for all of them
constexpr std::size_t kPeersToNetwork = 2;    // local peers that stand for the local network
constexpr std::ptrdiff_t kNamedPeersMax = 8;  // peers listed by address; more is "any"
constexpr std::uint64_t kHabitFlows = 3;
constexpr std::uint64_t kHabitFlowsAtOnce = 10;
constexpr std::chrono::minutes kHabitTime{10};
constexpr std::size_t kTimeServersMax = 4;
constexpr std::uint16_t kUserPorts = 1024;
constexpr std::uint16_t kDynamicPorts = 32768;
constexpr std::uint16_t kLastPort = 65535;

using Entry = std::pair<const ServiceKey, ServiceEvidence>;
using Entries = std::vector<const Entry*>;

enum class Peer : std::uint8_t { name, local, remote, group, sender, time };

/// What one candidate, or a few, are made of.
struct Bucket {
    Link link;
    Direction direction;
    Service service;
    Peer peer;
    std::string domain;
    auto operator<=>(const Bucket&) const = default;
};

bool is_time(const Service& service) {
    return service.protocol == IPPROTO_UDP && service.first == 123;
}

bool is_dns(const Service& service) {
    return service.first == 53 &&
           (service.protocol == IPPROTO_UDP || service.protocol == IPPROTO_TCP);
}

// As in the key of a candidate.
std::string remote_of(const ServiceKey& key) {
    if (!key.name.empty()) {
        return key.name;
    }
    return key.peer.empty() ? key.remote.to_string() : remote_of_peer(key.peer);
}

std::map<std::string, Entries> by_peer(const Entries& entries) {
    std::map<std::string, Entries> peers;
    for (const Entry* entry : entries) {
        peers[remote_of(entry->first)].push_back(entry);
    }
    return peers;
}

bool was_answered(const Entries& entries) {
    return std::any_of(entries.begin(), entries.end(), [](const Entry* entry) {
        return entry->second.answered > 0;
    });
}

Via via_of(Link link) {
    switch (link) {
        case Link::unknown:
            break;
        case Link::clear:
            return Via::clear;
        case Link::tunnel:
            return Via::tunnel;
    }
    return Via::any;
}

// Unanswered, but the device does it again and again, or knows the peer by name.
bool is_habit(const ServiceKey& key, const ServiceEvidence& evidence) {
    const bool later = evidence.last_seen - evidence.first_seen > kHabitTime;
    const bool repeated = evidence.flows >= (later ? kHabitFlows : kHabitFlowsAtOnce);
    return key.direction == Direction::egress && (repeated || !key.name.empty());
}

class Finder {
  public:
    explicit Finder(const Evidence& evidence) : evidence_(evidence), patterns_(evidence.services) {}

    std::vector<Candidate> run();

  private:
    [[nodiscard]] Bucket bucket_of(const Entry& entry, std::string& name) const;
    void emit_named(const Bucket& bucket, const std::map<std::string, Entries>& names);
    void emit_local(const Bucket& bucket, const Entries& entries);
    void emit_remote(const Bucket& bucket, const Entries& entries);
    void emit_each(const Bucket& bucket, const Entries& entries);
    void emit_time(const Bucket& bucket, const Entries& entries);
    void emit_senders(const Bucket& bucket, const Entries& entries);
    void emit(const Bucket& bucket, const std::vector<std::string>& remote, const Entries& entries);
    [[nodiscard]] Objection objection_to(const Candidate& candidate, const Entries& entries) const;
    [[nodiscard]] bool blocked(const Entry& entry) const;
    void drop_seen_again();

    const Evidence& evidence_;
    ServicePatterns patterns_;
    std::map<std::string, Candidate> found_;
};

Bucket Finder::bucket_of(const Entry& entry, std::string& name) const {
    const auto& [key, sum] = entry;
    const Service service{key.protocol, key.port, key.port};
    Bucket bucket{key.link, key.direction, service, Peer::remote, {}};
    name = key.name;
    const bool may_be_named = key.peer.empty() && !key.remote.is_private();
    if (name.empty() && may_be_named) {  // named only after the flow had begun
        const NameBinding* late = evidence_.names.latest(key.remote, Timestamp::max());
        name = late == nullptr ? "" : late->name;
    }
    if (key.group != IpAddress{}) {
        bucket.peer = Peer::sender;
    } else if (key.direction == Direction::egress &&
               (sum.link_group || key.remote.is_multicast())) {
        bucket.peer = Peer::group;
    } else if (key.direction == Direction::egress && is_time(bucket.service)) {
        bucket.peer = Peer::time;
    } else if (!name.empty()) {
        const std::string_view domain = registered_domain(name);
        bucket.peer = Peer::name;
        bucket.domain = domain.empty() ? name : domain;
    } else if (key.remote.is_private() && key.link != Link::tunnel) {
        bucket.peer = Peer::local;
    }
    if (bucket.peer == Peer::group && patterns_.broadcasts_widely(key)) {
        bucket.service = {key.protocol, kUserPorts, kLastPort};
    }
    const bool ports = key.protocol == IPPROTO_TCP || key.protocol == IPPROTO_UDP;
    if (evidence_.ephemeral_ports && ports && bucket.peer != Peer::name &&
        patterns_.is_ephemeral(key)) {
        bucket.service = {key.protocol, kDynamicPorts, kLastPort};
    }
    return bucket;
}

std::vector<Candidate> Finder::run() {
    std::map<Bucket, Entries> unnamed;
    std::map<Bucket, std::map<std::string, Entries>> named;
    for (const Entry& entry : evidence_.services) {
        std::string name;
        const Bucket bucket = bucket_of(entry, name);
        if (bucket.peer == Peer::name) {
            named[bucket][name].push_back(&entry);
        } else {
            unnamed[bucket].push_back(&entry);
        }
    }
    for (const auto& [bucket, names] : named) {
        emit_named(bucket, names);
    }
    for (const auto& [bucket, entries] : unnamed) {
        switch (bucket.peer) {
            case Peer::sender:
                emit_senders(bucket, entries);
                break;
            case Peer::local:
                emit_local(bucket, entries);
                break;
            case Peer::remote:
                emit_remote(bucket, entries);
                break;
            case Peer::time:
                emit_time(bucket, entries);
                break;
            default:
                emit_each(bucket, entries);
        }
    }
    drop_seen_again();
    std::vector<Candidate> candidates;
    for (auto& [key, candidate] : found_) {
        candidates.push_back(std::move(candidate));
    }
    return candidates;
}

// What was recorded without its link, and has been seen on one since, has a candidate that is
// exact.
void Finder::drop_seen_again() {
    std::erase_if(found_, [&](const auto& found) {
        const auto is_known = [&](Via via) {
            Rule rule = found.second.rule;
            rule.via = via;
            const auto known = found_.find(candidate_key(rule));
            return known != found_.end() && known->second.objection == Objection::none;
        };
        return found.second.objection == Objection::unknown_link &&
               (is_known(Via::clear) || is_known(Via::tunnel));
    });
}

void Finder::emit_named(const Bucket& bucket, const std::map<std::string, Entries>& names) {
    const bool one_owner = !registered_domain(names.begin()->first).empty();
    if (one_owner && names.size() >= kNamesToWildcard) {
        Entries all;
        for (const auto& [name, entries] : names) {
            all.insert(all.end(), entries.begin(), entries.end());
        }
        std::vector<std::string> remote{"*." + bucket.domain};
        if (names.contains(bucket.domain)) {
            remote.insert(remote.begin(), bucket.domain);
        }
        emit(bucket, remote, all);
        return;
    }
    for (const auto& [name, entries] : names) {
        emit(bucket, {name}, entries);
    }
}

void Finder::emit_local(const Bucket& bucket, const Entries& entries) {
    std::set<IpAddress> peers;
    for (const Entry* entry : entries) {
        peers.insert(entry->first.remote);
    }
    if (peers.size() < kPeersToNetwork || is_dns(bucket.service)) {
        emit_each(bucket, entries);
        return;
    }
    emit(bucket, patterns_.network_of(bucket.link, {peers.begin(), peers.end()}), entries);
}

void Finder::emit_remote(const Bucket& bucket, const Entries& entries) {
    const auto peers = by_peer(entries);
    const auto answered = std::count_if(
        peers.begin(), peers.end(), [](const auto& peer) { return was_answered(peer.second); });
    if (answered > kNamedPeersMax) {
        emit(bucket, {}, entries);
        return;
    }
    emit_each(bucket, entries);
}

void Finder::emit_each(const Bucket& bucket, const Entries& entries) {
    for (const auto& [peer, of_peer] : by_peer(entries)) {
        emit(bucket, {peer}, of_peer);
    }
}

// A device that walks a list of time servers will find others tomorrow.
void Finder::emit_time(const Bucket& bucket, const Entries& entries) {
    if (by_peer(entries).size() > kTimeServersMax) {
        emit(bucket, {}, entries);
    } else {
        emit_each(bucket, entries);
    }
}

void Finder::emit_senders(const Bucket& bucket, const Entries& entries) {
    if (bucket.link == Link::tunnel) {
        emit_remote(bucket, entries);
        return;
    }
    std::vector<IpAddress> senders;
    for (const Entry* entry : entries) {
        senders.push_back(entry->first.remote);
    }
    emit(bucket, patterns_.network_of(bucket.link, senders), entries);
}

bool Finder::blocked(const Entry& entry) const {
    return evidence_.blocked && entry.first.name.empty() && evidence_.blocked(entry.first.remote);
}

Objection Finder::objection_to(const Candidate& candidate, const Entries& entries) const {
    const auto all = [&](const auto& test) {
        return std::all_of(entries.begin(), entries.end(), test);
    };
    const ServiceKey& first = entries.front()->first;
    const Service& service = candidate.rule.services.front();
    const bool unicast = first.group == IpAddress{} && !entries.front()->second.link_group &&
                         !first.remote.is_multicast();
    if (all([&](const Entry* entry) { return blocked(*entry); })) {
        return Objection::blocklisted;
    }
    if (all([&](const Entry* entry) { return patterns_.is_scan(entry->first); })) {
        return Objection::scan;
    }
    if (unicast && candidate.evidence.answered == 0 && !is_habit(first, candidate.evidence)) {
        return Objection::unanswered;
    }
    if (first.link == Link::unknown) {
        return Objection::unknown_link;
    }
    if (candidate.wide && !is_time(service)) {
        return Objection::fan_out;
    }
    if (!candidate.risk.empty()) {
        return Objection::risky;
    }
    if (!evidence_.ephemeral_ports &&
        all([&](const Entry* entry) { return patterns_.is_ephemeral(entry->first); })) {
        return Objection::ephemeral;
    }
    if (!unicast && first.direction == Direction::ingress && !patterns_.takes_part(first)) {
        return Objection::bystander;
    }
    const bool nameless = first.name.empty() && first.peer.empty();
    const bool address = unicast && nameless && !first.remote.is_private();
    return address && candidate.evidence.flows == 1 ? Objection::seen_once : Objection::none;
}

std::string_view words_for(Objection objection) {
    switch (objection) {
        case Objection::unanswered:
            return "nobody answered";
        case Objection::scan:
            return "looks like a scan: many ports or peers that did not answer";
        case Objection::fan_out:
            return "too many peers to name; the rule would allow any";
        case Objection::blocklisted:
            return "the peer is on the blocklist";
        case Objection::seen_once:
            return "a single flow with an address that has no name";
        case Objection::unknown_link:
            return "seen before it was noted whether in a tunnel; the rule would hold there and in "
                   "the clear";
        case Objection::risky:
            return "a service that malware lives on";
        case Objection::ephemeral:
            return "a port of the dynamic range that changes from flow to flow";
        case Objection::bystander:
            return "the device takes no part in this multicast or broadcast";
        default:
            return "";
    }
}

void Finder::emit(const Bucket& bucket,
                  const std::vector<std::string>& remote,
                  const Entries& entries) {
    Rule rule;
    rule.direction = bucket.direction;
    rule.services = {bucket.service};
    rule.remote = remote;
    rule.via = via_of(bucket.link);
    Candidate candidate = candidate_of(candidate_key(rule)).value();
    std::set<std::string> names;
    for (const Entry* entry : entries) {
        candidate.evidence += entry->second;
        if (!entry->first.name.empty()) {
            names.insert(entry->first.name);
        }
    }
    candidate.names.assign(names.begin(), names.end());
    candidate.risk = risk_of(bucket.direction, bucket.service);
    candidate.objection = objection_to(candidate, entries);
    candidate.reason = words_for(candidate.objection);
    found_.emplace(candidate.key, std::move(candidate));
}

}  // namespace

std::vector<Candidate> find_candidates(const Evidence& evidence) {
    return Finder(evidence).run();
}

}  // namespace tollgate::policy

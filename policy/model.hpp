// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <tollgate/abi/flow.h>
#include <tollgate/abi/policy.h>
#include <tollgate/ip.hpp>

/// The policy file as plain data: what the reader makes, the compiler takes and the learner
/// proposes. Semantics: docs/policy.md and docs/packet-path.md, section 7.
namespace tollgate::policy {

using WallTime = std::chrono::sys_seconds;

/// Where something stands in a file, from 1; {0, 0} in a policy that no file holds.
struct Mark {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    bool operator==(const Mark&) const { return true; }  // position is not identity
};

enum class Direction : std::uint8_t { ingress = TG_INGRESS, egress = TG_EGRESS };
enum class Action : std::uint8_t { drop = TG_ACTION_DROP, pass = TG_ACTION_PASS };
enum class Stage : std::uint8_t {
    enforce = TG_STAGE_ENFORCE,
    audit = TG_STAGE_AUDIT,
    learn = TG_STAGE_LEARN,
    open = TG_STAGE_OPEN
};

/// A DNS name in lower case without the final dot; a wildcard stands for any number (≥ 1) of
/// labels before `name`.
struct NamePattern {
    std::string name;
    bool wildcard = false;

    [[nodiscard]] bool matches(std::string_view lower_case_name) const;
    [[nodiscard]] std::string to_string() const { return wildcard ? "*." + name : name; }
    /// As in tg_resolved_name. @param key  of abi/name_hash.h
    [[nodiscard]] std::uint64_t hash(std::uint64_t key) const;
    // NOLINTNEXTLINE(readability-implicit-bool-conversion): in what the compiler makes of it
    auto operator<=>(const NamePattern&) const = default;
};

/// The remote side of a rule or a group: matches if any of its members does.
struct Selector {
    std::vector<Prefix> prefixes;
    std::vector<MacAddress> macs;
    std::vector<NamePattern> names;
    std::vector<std::string> peers{};  ///< of our tunnels, by name: what a peer's allowed IPs send

    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] std::size_t size() const {
        return prefixes.size() + macs.size() + names.size() + peers.size();
    }
    void append(const Selector& other);
    bool operator==(const Selector&) const = default;
};

/// One service: a protocol with a range of destination ports, or of ICMP types, or neither.
struct Service {
    std::uint8_t protocol = 0;  ///< IPPROTO_*
    std::uint16_t first = 0;    ///< TCP, UDP: port; ICMP, ICMPv6: type; others: 0
    std::uint16_t last = 0;     ///< inclusive
    auto operator<=>(const Service&) const = default;
};

/// Units per second, for token buckets; the burst is one second's worth, at least 1.
struct Rate {
    std::uint32_t count = 0;      ///< > 0
    std::chrono::seconds per{1};  ///< 1 s or 60 s
    bool operator==(const Rate&) const = default;
};

struct Limit {
    std::optional<Rate> packets;
    std::optional<Rate> new_flows;
    bool operator==(const Limit&) const = default;
};

/// Where a learned rule comes from; written by the learner, kept by the reader.
struct Provenance {
    WallTime first_seen{};
    WallTime last_seen{};
    std::uint64_t packets = 0;
    std::string approved_by;
    bool operator==(const Provenance&) const = default;
};

/// The interfaces on which a rule matches.
enum class Via : std::uint8_t { any, clear, tunnel };

enum class Rank : std::uint8_t { failsafe, deny, allow };

/// What a rule that does not say it means. A peer is behind its tunnel only: what is granted to it
/// is not granted in the clear to whoever else the rule names. What is denied is denied everywhere.
[[nodiscard]] inline Via default_via(Rank rank, const Selector& selector) {
    return selector.peers.empty() || rank == Rank::deny ? Via::any : Via::tunnel;
}

struct Rule {
    std::string name;  ///< unique in the policy, [a-z0-9-]{1,63}
    Rank rank = Rank::allow;
    Direction direction = Direction::ingress;
    /// As written: group names, addresses, prefixes, MACs, names; of `{peer: …}` nothing. Empty and
    /// no peers: any. (In the file an empty list is an error and `remote: [any]` or no key at all
    /// is any.)
    std::vector<std::string> remote;
    Selector selector;              ///< what `remote` resolves to
    std::vector<Service> services;  ///< empty: every protocol (`protocols: [any]`)
    Via via = Via::any;
    Limit limit;
    std::optional<WallTime> expires;
    bool log = false;
    std::optional<Provenance> learned;
    std::string comment;  ///< one line of evidence, written as a YAML comment; not read back
    Mark mark;

    [[nodiscard]] bool any_remote() const { return selector.empty(); }
    [[nodiscard]] bool is_on(tg_link link) const {
        return via == Via::any || (via == Via::tunnel) == (link == TG_LINK_TUNNEL);
    }
    bool operator==(const Rule&) const = default;
};

struct Group {
    std::string name;
    Selector selector;
    Mark mark;
    bool operator==(const Group&) const = default;
};

/// A whole policy. Rules are in the order of the file: failsafe, allow, deny.
struct Policy {
    std::string name;
    std::string description;
    std::map<std::string, std::string> labels;
    Stage mode = Stage::learn;            ///< what the file asks for; never open
    std::vector<std::string> interfaces;  ///< applyTo; empty: all of the agent's
    std::array<Action, TG_DIRECTIONS> default_action{Action::drop, Action::drop};
    std::uint32_t baseline = TG_BASELINE_DEFAULT;  ///< enum tg_baseline
    std::vector<Group> groups;
    std::vector<Rule> rules;

    bool operator==(const Policy&) const = default;
};

}  // namespace tollgate::policy

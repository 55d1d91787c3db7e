// SPDX-License-Identifier: MIT
#include "agent/exchange/nft_export.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "agent/exchange/loss.hpp"
#include "agent/exchange/names.hpp"
#include "agent/exchange/nft_match.hpp"
#include "policy/notation.hpp"

namespace tollgate::exchange {
namespace {

using policy::Direction;
using policy::Policy;
using policy::Rank;
using policy::Rule;

// docs/packet-path.md, section 3, as far as the hooks of IP see it.
struct BaselineLine {
    std::uint32_t bit;
    const char* ingress;
    const char* egress;
};
constexpr std::array<BaselineLine, 5> kBaseline{
    {{TG_BASELINE_NEIGHBOUR,
      "icmpv6 type { 135, 136 } icmpv6 code 0 ip6 hoplimit 255 accept",
      "icmpv6 type { 133, 135, 136 } icmpv6 code 0 ip6 hoplimit 255 accept"},
     {TG_BASELINE_ROUTER_ADVERT,
      "icmpv6 type 134 icmpv6 code 0 ip6 hoplimit 255 ip6 saddr fe80::/10 accept",
      ""},
     {TG_BASELINE_DHCP,
      "meta nfproto ipv4 udp sport 67 udp dport 68 accept",
      "meta nfproto ipv4 udp sport 68 udp dport 67 accept"},
     {TG_BASELINE_DHCP,
      "ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept",
      "ip6 daddr ff02::1:2 udp sport 546 udp dport 547 accept"},
     {TG_BASELINE_MULTICAST,
      "igmp type membership-query accept",
      "igmp type { 0x12, 0x16, 0x17, 0x22 } accept"}}};

// Between the baseline and the rules: answers pass, and what no rule can let pass does not.
constexpr std::array<const char*, 6> kBeforeRules{
    "meta l4proto igmp drop",
    "icmpv6 type { 130-137, 143 } drop",
    "ct state established,related accept",
    "icmp type { 0, 3, 11, 12, 14, 16, 18 } drop",
    "icmpv6 type { 1-4, 129 } drop",
    "tcp flags & (fin | syn | rst | ack) != syn drop",
};

/// Makes one ruleset.
class NftWriter {
  public:
    NftWriter(const Policy& policy, Exported& exported)
        : policy_{policy}, losses_{exported.problems, policy.default_action} {}

    std::string write() {
        report_policy();
        for (const Rule& rule : policy_.rules) {
            report_rule(rule);
        }
        std::string chains;
        for (const Direction direction : {Direction::ingress, Direction::egress}) {
            chains += chain(direction);
        }
        return fmt::format(
            "#!/usr/sbin/nft -f\n"
            "# The policy {}, written by tollgate policy export nft.\n"
            "table inet tollgate\n"
            "delete table inet tollgate\n"
            "table inet tollgate {{\n{}{}}}\n",
            policy_.name,
            objects_,
            chains);
    }

  private:
    void report_policy() {
        for (const std::string& name : policy_.interfaces) {
            if (name.find_first_of("\"*\\") != std::string::npos) {
                losses_.refused("nftables has no way to write the interface " +
                                policy::in_quotes(name));
            }
        }
        if (!policy_.interfaces.empty()) {
            losses_.general("applyTo: VLANs, bridges and bonds on them pass there",
                            "nftables knows an interface by the name under which a packet is "
                            "received: give theirs, too");
        }
        if (policy_.mode != policy::Stage::enforce) {
            losses_.general(
                fmt::format("mode {}: there it is as if enforced", policy::to_text(policy_.mode)),
                "nftables has no stages");
        }
        if ((policy_.baseline & TG_BASELINE_ARP) == 0) {
            losses_.general("baseline: ARP passes there, as everything that is not IP");
        }
    }

    void report_rule(const Rule& rule) {
        if (!knows_way_of(rule)) {
            return losses_.left_out(rule, "the ruleset does not know which interfaces are tunnels");
        }
        if (!rule.selector.macs.empty() && rule.direction == Direction::egress) {
            losses_.left_out(rule, "on the way out nftables sees no MAC address of the remote");
        }
        if (!rule.selector.names.empty()) {
            losses_.changed(rule,
                            "its names are sets that are empty until something fills them; "
                            "dnsmasq puts addresses of all names below them in, too");
        }
        if (rule.limit.packets) {
            losses_.changed(rule, "without its limit of packets");
        }
        if (rule.limit.new_flows) {
            losses_.changed(rule, "newFlows counts packets there until the first answer");
        }
        if (rule.expires) {
            losses_.changed(rule, "its end there is for new flows only");
        }
    }

    static bool knows_way_of(const Rule& rule) {
        return rule.selector.peers.empty() && rule.via == policy::Via::any;
    }

    // What is forwarded passes both chains, as it passes the gate of both interfaces; on the way in
    // before ports are redirected (dstnat).
    std::string chain(Direction direction) {
        const bool ingress = direction == Direction::ingress;
        const char* const interface = ingress ? "iifname" : "oifname";
        const bool pass =
            policy_.default_action.at(static_cast<std::size_t>(direction)) == policy::Action::pass;
        std::string text =
            fmt::format("\tchain {} {{\n\t\ttype filter hook {}; policy {};\n",
                        policy::to_text(direction),
                        ingress ? "prerouting priority mangle" : "postrouting priority filter",
                        pass ? "accept" : "drop");
        const auto line = [&](const std::string& statement) {
            text += statement.empty() ? "" : "\t\t" + statement + "\n";
        };
        line(fmt::format("{} \"lo\" accept", interface));
        if (!policy_.interfaces.empty()) {
            line(fmt::format(
                "{} != {{ \"{}\" }} accept", interface, fmt::join(policy_.interfaces, "\", \"")));
        }
        for (const BaselineLine& part : kBaseline) {
            if ((policy_.baseline & part.bit) != 0) {
                line(ingress ? part.ingress : part.egress);
            }
        }
        if ((policy_.baseline & TG_BASELINE_MULTICAST) != 0) {
            line(ingress ? "icmpv6 type 130 icmpv6 code 0 ip6 hoplimit 1 ip6 saddr fe80::/10 accept"
                         : "icmpv6 type { 131, 132, 143 } icmpv6 code 0 ip6 hoplimit 1 accept");
        }
        for (const char* const statement : kBeforeRules) {
            line(statement);
        }
        for (const Rank rank : {Rank::failsafe, Rank::deny, Rank::allow}) {
            for (const Rule& rule : policy_.rules) {
                if (rule.rank == rank && rule.direction == direction) {
                    text += lines_of(rule);
                }
            }
        }
        for (const Rule& rule : policy_.rules) {  // their end is visible: no default after it
            if (rule.expires && rule.rank != Rank::deny && rule.direction == direction) {
                text += lines_of(rule, {"", "", "drop"});
            }
        }
        return text + "\t}\n";
    }

    // The alternatives of the remote; none: nothing of it can be said. The first empty: anybody.
    std::vector<std::string> remotes_of(const Rule& rule) {
        if (!knows_way_of(rule)) {
            return {};
        }
        if (rule.any_remote()) {
            return {""};
        }
        const bool ingress = rule.direction == Direction::ingress;
        const std::string side = ingress ? "saddr" : "daddr";
        auto remotes = match_prefixes(rule.selector.prefixes, side);
        if (!rule.selector.macs.empty() && ingress) {
            std::set<std::string> macs;
            for (const MacAddress& mac : rule.selector.macs) {
                macs.insert(mac.to_string());
            }
            remotes.push_back(fmt::format("ether saddr {{ {} }}", fmt::join(macs, ", ")));
        }
        for (const policy::NamePattern& name : rule.selector.names) {
            const std::string set = set_of(name);
            remotes.push_back(fmt::format("ip {} @{}_v4", side, set));
            remotes.push_back(fmt::format("ip6 {} @{}_v6", side, set));
        }
        return remotes;
    }

    std::string set_of(const policy::NamePattern& name) {
        const auto known = sets_.find(name);
        if (known != sets_.end()) {
            return known->second;
        }
        std::string set = unique(identifier("name-" + name.to_string()), taken_);
        std::replace(set.begin(), set.end(), '-', '_');
        objects_ += fmt::format("\t# dnsmasq: nftset=/{}/4#inet#tollgate#{}_v4\n", name.name, set);
        for (const char* const family : {"4", "6"}) {
            objects_ +=
                fmt::format("\tset {}_v{} {{\n\t\ttype ipv{}_addr\n\t\tflags timeout\n\t}}\n",
                            set,
                            family,
                            family);
        }
        return sets_.emplace(name, set).first->second;
    }

    // A limit that all lines of a rule share. @return the statement that drops what is over it
    std::string limit_of(const Rule& rule) {
        if (!rule.limit.new_flows) {
            return "";
        }
        const policy::Rate& rate = *rule.limit.new_flows;
        const bool minute = rate.per != std::chrono::seconds{1};
        std::string name = unique("limit-" + rule.name, taken_);
        std::replace(name.begin(), name.end(), '-', '_');
        objects_ += fmt::format("\tlimit {} {{\n\t\trate over {}/{} burst {} packets\n\t}}\n",
                                name,
                                rate.count,
                                minute ? "minute" : "second",
                                std::max<std::uint32_t>(1, minute ? rate.count / 60 : rate.count));
        return fmt::format("limit name \"{}\" drop", name);
    }

    /// What stands around the match of a line.
    struct Statements {
        std::string before;   ///< the match, with a space
        std::string limit;    ///< drops what is over it, in a line of its own; empty: none
        std::string verdict;  ///< after the match
    };

    std::string lines_of(const Rule& rule) {
        Statements statements;
        if (rule.expires) {
            statements.before =
                fmt::format("meta time < {} ", rule.expires->time_since_epoch().count());
        }
        if (rule.log) {
            statements.verdict = fmt::format("log prefix \"tollgate {}: \" ", rule.name);
        }
        statements.verdict += rule.rank == Rank::deny ? "drop" : "accept";
        statements.limit = remotes_of(rule).empty() ? "" : limit_of(rule);
        return lines_of(rule, statements);
    }

    std::string lines_of(const Rule& rule, const Statements& statements) {
        std::string text;
        for (const std::string& match : matches_of(rule)) {
            for (const std::string& statement : {statements.limit, statements.verdict}) {
                if (!statement.empty()) {
                    text += fmt::format("\t\t{}{}{} comment \"{}\"\n",
                                        statements.before,
                                        match,
                                        statement,
                                        rule.name);
                }
            }
        }
        return text;
    }

    // Each with a space at its end, if it is not empty.
    std::vector<std::string> matches_of(const Rule& rule) {
        std::vector<std::string> matches;
        for (const std::string& remote : remotes_of(rule)) {
            for (const std::string& service : match_services(rule.services)) {
                matches.push_back(fmt::format("{}{}{}{}",
                                              remote,
                                              remote.empty() ? "" : " ",
                                              service,
                                              service.empty() ? "" : " "));
            }
        }
        return matches;
    }

    const Policy& policy_;
    Losses losses_;
    std::string objects_;
    std::map<policy::NamePattern, std::string> sets_;
    std::set<std::string> taken_;
};

}  // namespace

Exported export_nft(const Policy& policy) {
    Exported exported;
    exported.text = NftWriter{policy, exported}.write();
    if (policy::has_errors(exported.problems)) {
        exported.text.clear();
    }
    return exported;
}

}  // namespace tollgate::exchange

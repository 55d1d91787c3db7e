// SPDX-License-Identifier: MIT
#include "agent/exchange/mud_compile.hpp"

#include <algorithm>
#include <array>

#include <linux/if_ether.h>
#include <netinet/in.h>

#include <fmt/format.h>

#include "policy/notation.hpp"

namespace tollgate::exchange {
namespace {

using policy::Direction;
using policy::in_quotes;
using policy::Service;
using Refusal = Unexpected<Obstacle>;

Refusal refuse(std::string message, std::string hint = "") {
    return Refusal{Obstacle{std::move(message), std::move(hint)}};
}

// The MAC address of frames to an IP address that stands for many hosts (RFC 1112, 6.4; RFC 2464,
// 7); none: the prefix is no such address.
std::optional<MacAddress> group_mac(const Prefix& prefix) {
    const auto& bytes = prefix.address.bytes;
    if (prefix.to_string() == "255.255.255.255") {
        return MacAddress{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
    }
    if (!prefix.is_host() || !prefix.address.is_multicast()) {
        return std::nullopt;
    }
    if (prefix.address.is_ipv4()) {
        const auto high = static_cast<std::uint8_t>(bytes[13] & 0x7fU);
        return MacAddress{{0x01, 0x00, 0x5e, high, bytes[14], bytes[15]}};
    }
    return MacAddress{{0x33, 0x33, bytes[12], bytes[13], bytes[14], bytes[15]}};
}

Direction opposite(Direction direction) {
    return direction == Direction::egress ? Direction::ingress : Direction::egress;
}

// RFC 792 and 950, RFC 4443: the request that an ICMP message answers.
std::optional<std::uint8_t> request_of(std::uint8_t protocol, std::uint8_t type) {
    if (protocol == IPPROTO_ICMPV6) {
        return type == 129 ? std::optional<std::uint8_t>{128} : std::nullopt;
    }
    switch (type) {
        case 0:
            return 8;
        case 14:
        case 16:
        case 18:
            return static_cast<std::uint8_t>(type - 1);
        default:
            return std::nullopt;
    }
}

bool is_error(std::uint8_t protocol, std::uint8_t type) {
    return protocol == IPPROTO_ICMPV6 ? type >= 1 && type <= 4
                                      : type == 3 || type == 11 || type == 12;
}

// Requests and answers have one code, 0; to ask for it is to ask for nothing.
bool has_one_code(std::uint8_t protocol, std::uint8_t type) {
    return protocol == IPPROTO_ICMPV6 ? type == 128 || type == 129
                                      : type == 0 || type == 8 || (type >= 13 && type <= 18);
}

// What the gate knows of ICMPv6 without rules (docs/packet-path.md, section 3).
std::string_view baseline_of(std::uint8_t icmpv6_type) {
    switch (icmpv6_type) {
        case 130:
        case 131:
        case 132:
        case 143:
            return "multicastMembership";
        case 134:
            return "routerAdvertisements";
        case 133:
        case 135:
        case 136:
            return "neighbourDiscovery";
        default:
            return "";
    }
}

/// One entry on its way to flows.
class Compiler {
  public:
    Compiler(const MudAce& ace, Direction direction, const MudDefinitions& definitions)
        : ace_{ace},
          packets_{direction},
          definitions_{definitions},
          remote_{direction == Direction::egress ? ace.destination : ace.source},
          local_{direction == Direction::egress ? ace.source : ace.destination} {
        flows_.direction = direction;
        flows_.family = ace.family;
    }

    Expected<MudFlows, Obstacle> compile() {
        if (ace_.obstacle) {
            return Refusal{*ace_.obstacle};
        }
        if (local_.network || !local_.name.empty() || local_.mac) {
            return refuse("it asks for an address of the device itself",
                          "a policy is of one device and knows no others");
        }
        if (ace_.ethertype && *ace_.ethertype != ETH_P_IP && *ace_.ethertype != ETH_P_IPV6) {
            return link_layer();
        }
        if (ace_.ethertype) {
            const bool ipv4 = *ace_.ethertype == ETH_P_IP;
            if (ace_.family == (ipv4 ? MudFamily::ipv6 : MudFamily::ipv4)) {
                return refuse("its ethertype is not that of its addresses");
            }
            flows_.family = ipv4 ? MudFamily::ipv4 : MudFamily::ipv6;
        }
        for (const auto step : {&Compiler::add_services, &Compiler::add_remote}) {
            if (const auto done = (this->*step)(); !done) {
                return Refusal{done.error()};
            }
        }
        return flows_;
    }

  private:
    using Step = Expected<void, Obstacle>;

    Expected<MudFlows, Obstacle> link_layer() {
        constexpr std::array<std::pair<std::uint16_t, std::string_view>, 3> kParts{
            {{ETH_P_ARP, "arp"}, {ETH_P_PAE, "eapol"}, {ETH_P_LLDP, "lldp"}}};
        for (const auto& [ethertype, part] : kParts) {
            if (*ace_.ethertype != ethertype || remote_.network || !remote_.name.empty()) {
                continue;
            }
            const bool local =  // every frame stays on the link
                std::all_of(ace_.classes.begin(), ace_.classes.end(), [](const MudClass& asked) {
                    return asked.kind == MudClass::Kind::local_networks;
                });
            if (!local || (remote_.mac && !remote_.mac->is_group())) {
                return refuse(fmt::format("the part '{}' of the baseline is whole: it is for "
                                          "everybody on the link",
                                          part),
                              fmt::format("add 'baseline: {{{}: true}}', if that may be", part));
            }
            flows_.baseline = part;
            return flows_;
        }
        return refuse(fmt::format("the gate passes no frames of ethertype 0x{:04x}{}",
                                  *ace_.ethertype,
                                  *ace_.ethertype < ETH_P_802_3_MIN ? " (802.3, LLC)" : ""),
                      "nothing, if the device works without");
    }

    Step add_services() {
        if (!ace_.protocol) {
            flows_.both_ways = true;
            return {};
        }
        const std::uint8_t protocol = *ace_.protocol;
        switch (protocol) {
            case IPPROTO_TCP:
            case IPPROTO_UDP:
                return add_ports(protocol);
            case IPPROTO_ICMP:
            case IPPROTO_ICMPV6:
                return add_icmp(protocol);
            case IPPROTO_IGMP:
                flows_.baseline = "multicastMembership";
                return {};
            case IPPROTO_HOPOPTS:
            case IPPROTO_ROUTING:
            case IPPROTO_FRAGMENT:
            case IPPROTO_DSTOPTS:
                return refuse(
                    fmt::format("protocol {} is an extension header of IPv6: the gate judges what "
                                "is behind it",
                                protocol),
                    "nothing, if that is MLD: its reports are part of the baseline");
            default:
                break;
        }
        const Service service{protocol, 0, 0};
        if (!policy::parse_protocol(policy::to_text(service))) {
            return refuse(fmt::format("the gate passes no packets of protocol {}", protocol),
                          "nothing, if the device works without");
        }
        flows_.services = {service};
        flows_.both_ways = true;
        return {};
    }

    // Who has a port that is asked for is who answers: its side tells the direction of the flow.
    Step add_ports(std::uint8_t protocol) {
        constexpr std::uint16_t kPortMax = 65535;
        const MudPorts all{{1, kPortMax}};
        std::optional<MudPorts> remote = remote_.ports;
        std::optional<MudPorts> local = local_.ports;
        if ((remote && local) || !ace_.accept) {
            remote = remote == all ? std::nullopt : remote;
            local = local == all ? std::nullopt : local;
            if (remote && local) {
                return refuse("it asks for the ports of both sides",
                              "a rule has the port of the side that answers: write one by hand");
            }
        }
        Direction flows = packets_;
        if (remote || local) {
            flows = remote ? Direction::egress : Direction::ingress;
        } else if (ace_.initiator != MudInitiator::unsaid) {
            flows = ace_.initiator == MudInitiator::device ? Direction::egress : Direction::ingress;
        }
        const MudInitiator begins =
            flows == Direction::egress ? MudInitiator::device : MudInitiator::remote;
        if (ace_.initiator != MudInitiator::unsaid && ace_.initiator != begins) {
            return refuse("it asks for the port of the side that begins",
                          "a rule has the port of the side that answers: write one by hand");
        }
        flows_.direction = flows;
        flows_.answers = flows != packets_;
        flows_.both_ways = !remote && !local && ace_.initiator == MudInitiator::unsaid;
        for (const auto& [first, last] : remote ? *remote : local ? *local : all) {
            flows_.services.push_back({protocol, first, last});
        }
        return {};
    }

    Step add_icmp(std::uint8_t protocol) {
        const MudFamily family = protocol == IPPROTO_ICMP ? MudFamily::ipv4 : MudFamily::ipv6;
        if (flows_.family != family) {
            return refuse(protocol == IPPROTO_ICMP ? "it asks for ICMP in IPv6"
                                                   : "it asks for ICMPv6 in IPv4",
                          "correct it in the file");
        }
        if (!ace_.icmp_type) {
            if (ace_.icmp_code) {
                return refuse("it asks for an ICMP code without its type");
            }
            flows_.services = {{protocol, 0, 255}};
            flows_.both_ways = true;
            return {};
        }
        const std::uint8_t type = *ace_.icmp_type;
        if (protocol == IPPROTO_ICMPV6 && !baseline_of(type).empty()) {
            flows_.baseline = baseline_of(type);
            return {};
        }
        if (ace_.icmp_code && (*ace_.icmp_code != 0 || !has_one_code(protocol, type))) {
            return refuse(
                fmt::format("it asks for code {} of ICMP type {}, and rules know no codes",
                            *ace_.icmp_code,
                            type),
                "write a rule for the type by hand, if that may pass");
        }
        if (is_error(protocol, type)) {
            return refuse(fmt::format("ICMP type {} is an error message", type),
                          "nothing: those about a flow pass with it, and others never");
        }
        const auto request = request_of(protocol, type);
        flows_.answers = request.has_value();
        flows_.direction = request ? opposite(packets_) : packets_;
        const std::uint16_t asked = request.value_or(type);
        flows_.services = {{protocol, asked, asked}};
        return {};
    }

    // All of what is asked for must hold of the remote, and of a rule's any: one may be left.
    Step add_remote() {
        std::vector<MudClass> classes = ace_.classes;
        std::optional<MacAddress> mac = remote_.mac;
        const bool group = remote_.network && is_group(*remote_.network);
        const auto drop_local_networks = [&] {
            std::erase(classes, MudClass{MudClass::Kind::local_networks, ""});
        };
        if (mac && mac->is_group()) {  // a frame to many hosts stays on the link
            drop_local_networks();
            if (remote_.network && group_mac(*remote_.network) == mac) {
                mac.reset();
            }
        }
        if (group || (remote_.network && holds_locally(*remote_.network))) {
            drop_local_networks();
        }
        const std::size_t asked = classes.size() + (mac ? 1 : 0) + (remote_.network ? 1 : 0) +
                                  (remote_.name.empty() ? 0 : 1);
        if (asked > 1) {
            return refuse("it asks for several things of the remote side at once",
                          "a rule's remote is any of its members: write the narrowest by hand");
        }
        if (!classes.empty()) {
            return add_class(classes.front());
        }
        if (!remote_.name.empty()) {
            return add_name();
        }
        if (mac) {
            flows_.remote.macs = {*mac};
        } else if (remote_.network) {
            flows_.remote.prefixes = {*remote_.network};
        } else {
            flows_.remote.prefixes = {
                *Prefix::parse(flows_.family == MudFamily::ipv4 ? "0.0.0.0/0" : "::/0")};
        }
        return {};
    }

    static bool is_group(const Prefix& prefix) {
        return prefix.address.is_multicast() || prefix.to_string() == "255.255.255.255";
    }

    [[nodiscard]] bool holds_locally(const Prefix& prefix) const {
        const auto& local = definitions_.at({MudClass::Kind::local_networks, ""});
        return std::any_of(local.begin(), local.end(), [&](const Prefix& network) {
            return network.contains(prefix);
        });
    }

    Step add_name() {
        std::string_view text = remote_.name;
        text.remove_suffix(text.ends_with('.') ? 1 : 0);
        const auto name = policy::parse_name(text);
        if (!name || name->wildcard) {
            return refuse(in_quotes(remote_.name) + " is no host name", "correct it in the file");
        }
        flows_.remote.names = {*name};
        return {};
    }

    Step add_class(const MudClass& asked) {
        const auto defined = definitions_.find(asked);
        const std::string name = short_text(asked);
        if (defined == definitions_.end()) {
            return refuse("nothing says which addresses " + in_quotes(name) + " has here",
                          "add --define " + in_quotes(short_text(asked) + "=ADDRESS"));
        }
        for (const Prefix& prefix : defined->second) {
            const bool ipv4 = prefix.address.is_ipv4();
            if (ipv4 == (flows_.family == MudFamily::ipv4)) {
                flows_.remote.prefixes.push_back(prefix);
            }
        }
        if (flows_.remote.prefixes.empty()) {
            const char* const family = flows_.family == MudFamily::ipv4 ? "IPv4" : "IPv6";
            return Refusal{Obstacle{fmt::format("{} has no {} address", in_quotes(name), family),
                                    "add one to its --define, if it has one",
                                    /*moot=*/true}};
        }
        flows_.remote_class = asked;
        return {};
    }

    const MudAce& ace_;
    Direction packets_;
    const MudDefinitions& definitions_;
    const MudEnd& remote_;
    const MudEnd& local_;
    MudFlows flows_;
};

}  // namespace

Expected<MudFlows, Obstacle> compile_ace(const MudAce& ace,
                                         Direction direction,
                                         const MudDefinitions& definitions) {
    return Compiler{ace, direction, definitions}.compile();
}

}  // namespace tollgate::exchange

// SPDX-License-Identifier: MIT
#include "agent/exchange/mud_ace_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <netinet/in.h>

#include <fmt/format.h>

#include "policy/problem.hpp"
#include "policy/yaml_text.hpp"

namespace tollgate::exchange {
namespace {

using policy::in_quotes;
using Kind = JsonNode::Kind;

constexpr std::uint16_t kPortMax = 65535;

/// A value that has to be within 0..max.
std::optional<std::uint16_t> number_of(const JsonNode* node, std::int64_t max) {
    if (node == nullptr || node->kind != Kind::integer || node->integer < 0 ||
        node->integer > max) {
        return std::nullopt;
    }
    return static_cast<std::uint16_t>(node->integer);
}

/// "0x0800", a number, or a name of the ones that access lists are about.
std::optional<std::uint16_t> ethertype_of(const JsonNode& node) {
    constexpr std::array<std::pair<std::string_view, std::uint16_t>, 3> kNames{
        {{"ipv4", 0x0800}, {"arp", 0x0806}, {"ipv6", 0x86dd}}};
    if (node.kind != Kind::text) {
        return number_of(&node, UINT16_MAX);
    }
    for (const auto& [name, number] : kNames) {
        if (local_name(node.text) == name) {
            return number;
        }
    }
    const bool hexadecimal = node.text.starts_with("0x");
    const char* const first = node.text.data() + (hexadecimal ? 2 : 0);
    const char* const last = node.text.data() + node.text.size();
    std::uint16_t number = 0;
    const auto [end, error] = std::from_chars(first, last, number, hexadecimal ? 16 : 10);
    return error == std::errc{} && end == last ? std::optional{number} : std::nullopt;
}

/// An address or prefix of the family; bits behind the length mean nothing (RFC 6991).
std::optional<Prefix> network_of(const JsonNode& node, MudFamily family) {
    const std::string_view text = node.text;
    const std::size_t slash = text.find('/');
    const auto address = IpAddress::parse(text.substr(0, slash));
    const bool ipv4 = family == MudFamily::ipv4;
    if (node.kind != Kind::text || !address || address->is_ipv4() != ipv4) {
        return std::nullopt;
    }
    const unsigned bits = ipv4 ? 32 : 128;
    unsigned length = bits;
    if (slash != std::string_view::npos) {
        const char* const last = text.data() + text.size();
        const auto [end, error] = std::from_chars(text.data() + slash + 1, last, length);
        if (error != std::errc{} || end != last || length > bits) {
            return std::nullopt;
        }
    }
    return Prefix::covering(*address, static_cast<std::uint8_t>(128 - bits + length));
}

/// Port 0 does not exist on the wire: what is left of a range without it.
MudPorts ports_between(std::uint16_t first, std::uint16_t last) {
    first = std::max<std::uint16_t>(first, 1);
    return first <= last ? MudPorts{{first, last}} : MudPorts{};
}

std::optional<MudPorts> ports_by(std::string_view operation, std::uint16_t port) {
    if (operation == "eq") {
        return ports_between(port, port);
    }
    if (operation == "lte") {
        return ports_between(1, port);
    }
    if (operation == "gte") {
        return ports_between(port, kPortMax);
    }
    if (operation != "neq") {
        return std::nullopt;
    }
    MudPorts ports = ports_between(1, static_cast<std::uint16_t>(std::max<int>(port, 1) - 1));
    if (port < kPortMax) {
        ports.emplace_back(static_cast<std::uint16_t>(port + 1), kPortMax);
    }
    return ports;
}

/// The choice between a range and an operator with a port (RFC 8519, port-range-or-operator).
std::optional<MudPorts> ports_of(const JsonNode& node) {
    const JsonNode* const operation = node.find("operator");
    const bool range = node.find("lower-port") != nullptr;
    const auto known = [](const JsonMember& member) {
        constexpr std::array<std::string_view, 4> kKeys{
            "lower-port", "upper-port", "operator", "port"};
        return std::find(kKeys.begin(), kKeys.end(), member.key) != kKeys.end();
    };
    if (node.kind != Kind::object || (range && node.find("port") != nullptr) ||
        !std::all_of(node.members.begin(), node.members.end(), known)) {
        return std::nullopt;
    }
    std::optional<MudPorts> ports;
    const std::string_view word = operation == nullptr ? "" : local_name(operation->text);
    if (range) {
        const auto first = number_of(node.find("lower-port"), kPortMax);
        const auto last = number_of(node.find("upper-port"), kPortMax);
        if (first && last && *first <= *last && (operation == nullptr || word == "range")) {
            ports = ports_between(*first, *last);
        }
    } else if (const auto port = number_of(node.find("port"), kPortMax)) {
        ports = ports_by(operation == nullptr ? "eq" : word, *port);
    }
    return ports && !ports->empty() ? ports : std::nullopt;
}

/// Fills in what an entry asks for.
class AceReader {
  public:
    explicit AceReader(MudAce& ace) : ace_{ace} {}

    void read_actions(const JsonNode& actions) {
        const JsonNode* const forwarding = find_local(actions, "forwarding");
        const std::string_view word = forwarding == nullptr ? "" : local_name(forwarding->text);
        ace_.accept = word == "accept";
        if (!ace_.accept && word != "drop" && word != "reject") {
            refuse("its action 'forwarding' is not accept, drop or reject", "");
        }
        for (const JsonMember& member : actions.members) {
            const std::string_view key = local_name(member.key);
            if (key == "logging") {
                ace_.log = local_name(member.value.text) == "log-syslog";
            } else if (key != "forwarding") {
                unknown(member.key);
            }
        }
    }

    void read_matches(const JsonNode& matches) {
        for (const JsonMember& member : matches.members) {
            const std::string_view layer = local_name(member.key);
            if (member.value.kind != Kind::object) {
                refuse(in_quotes(member.key) + " is no object", "");
            } else if (layer == "mud") {
                each(member, &AceReader::read_class);
            } else if (layer == "eth") {
                each(member, &AceReader::read_ethernet);
            } else if (layer == "ipv4" || layer == "ipv6") {
                set_family(layer == "ipv4" ? MudFamily::ipv4 : MudFamily::ipv6);
                each(member, &AceReader::read_network);
            } else if (layer == "tcp" || layer == "udp") {
                set_protocol(layer == "tcp" ? std::uint8_t{IPPROTO_TCP}
                                            : std::uint8_t{IPPROTO_UDP});
                each(member, &AceReader::read_transport);
            } else if (layer == "icmp") {
                set_protocol(ace_.family == MudFamily::ipv6 ? std::uint8_t{IPPROTO_ICMPV6}
                                                            : std::uint8_t{IPPROTO_ICMP});
                each(member, &AceReader::read_icmp);
            } else {
                unknown(member.key);
            }
        }
    }

    void refuse(std::string message, std::string hint) {
        if (!ace_.obstacle) {
            ace_.obstacle = Obstacle{std::move(message), std::move(hint)};
        }
    }
    void unknown(std::string_view key) {
        refuse("it asks for " + in_quotes(key) + ", which a rule cannot",
               "write a rule by hand, if the device needs it");
    }

  private:
    void each(const JsonMember& layer, bool (AceReader::*read)(std::string_view, const JsonNode&)) {
        for (const JsonMember& member : layer.value.members) {
            if (!(this->*read)(local_name(member.key), member.value)) {
                unknown(layer.key + "/" + member.key);
            }
        }
    }
    void wrong(std::string_view key) { refuse("its " + in_quotes(key) + " has a wrong value", ""); }

    void set_family(MudFamily family) {
        if (ace_.family != MudFamily::any && ace_.family != family) {
            refuse("it asks for IPv4 and IPv6 at once", "");
        }
        ace_.family = family;
    }
    void set_protocol(std::uint8_t protocol) {
        if (ace_.protocol && *ace_.protocol != protocol) {
            refuse("it asks for two protocols at once", "");
        }
        ace_.protocol = protocol;
    }

    bool read_class(std::string_view key, const JsonNode& node) {
        const auto* const found = std::find(kMudClassNodes.begin(), kMudClassNodes.end(), key);
        if (found == kMudClassNodes.end()) {
            return false;
        }
        // What has no value is [null] in JSON (RFC 7951, 6.9).
        const auto kind = static_cast<MudClass::Kind>(found - kMudClassNodes.begin());
        const bool valued = MudClass::has_value(kind);
        MudClass asked{kind, valued ? policy::one_visible_line(node.text) : ""};
        if (kind == MudClass::Kind::controller) {
            asked = parse_mud_class(asked.value).value_or(MudClass{});
        }
        const bool empty = node.kind == Kind::array || node.kind == Kind::null;
        if (valued ? node.text.empty() || asked.kind != kind : !empty) {
            wrong(key);
        }
        ace_.classes.push_back(std::move(asked));
        return true;
    }

    bool read_ethernet(std::string_view key, const JsonNode& node) {
        if (key == "ethertype") {
            ace_.ethertype = ethertype_of(node);
            if (!ace_.ethertype) {
                wrong(key);
            }
            return true;
        }
        if (key != "source-mac-address" && key != "destination-mac-address") {
            return false;
        }
        MudEnd& end = key.starts_with("source") ? ace_.source : ace_.destination;
        end.mac = MacAddress::parse(node.text);
        if (!end.mac) {
            wrong(key);
        }
        return true;
    }

    bool read_network(std::string_view key, const JsonNode& node) {
        if (key == "protocol") {
            const auto protocol = number_of(&node, UINT8_MAX);
            protocol ? set_protocol(static_cast<std::uint8_t>(*protocol)) : wrong(key);
            return true;
        }
        if (key == "src-dnsname" || key == "dst-dnsname") {
            (key.starts_with("src") ? ace_.source : ace_.destination).name = node.text;
            if (node.text.empty()) {
                wrong(key);
            }
            return true;
        }
        const bool ipv4 = ace_.family == MudFamily::ipv4;
        const bool source = key.starts_with("source");
        if (key != fmt::format("{}-{}-network",
                               source ? "source" : "destination",
                               ipv4 ? "ipv4" : "ipv6")) {
            return false;
        }
        MudEnd& end = source ? ace_.source : ace_.destination;
        end.network = network_of(node, ace_.family);
        if (!end.network) {
            refuse(fmt::format("{} is no {} network", in_quotes(node.text), ipv4 ? "IPv4" : "IPv6"),
                   "correct it in the file");
        }
        return true;
    }

    bool read_transport(std::string_view key, const JsonNode& node) {
        if (key == "direction-initiated" && ace_.protocol == IPPROTO_TCP) {
            const std::string_view word = local_name(node.text);
            ace_.initiator = word == "from-device" ? MudInitiator::device : MudInitiator::remote;
            if (word != "from-device" && word != "to-device") {
                wrong(key);
            }
            return true;
        }
        if (key != "source-port" && key != "destination-port") {
            return false;
        }
        MudEnd& end = key.starts_with("source") ? ace_.source : ace_.destination;
        end.ports = ports_of(node);
        if (!end.ports) {
            wrong(key);
        }
        return true;
    }

    bool read_icmp(std::string_view key, const JsonNode& node) {
        if (key != "type" && key != "code") {
            return false;
        }
        const auto number = number_of(&node, UINT8_MAX);
        if (!number) {
            wrong(key);
        }
        (key == "type" ? ace_.icmp_type : ace_.icmp_code) =
            static_cast<std::uint8_t>(number.value_or(0));
        return true;
    }

    MudAce& ace_;
};

}  // namespace

std::string_view local_name(std::string_view name) {
    constexpr std::array<std::string_view, 5> kModules{"ietf-mud:",
                                                       "ietf-acldns:",
                                                       "ietf-access-control-list:",
                                                       "ietf-packet-fields:",
                                                       "ietf-ethertypes:"};
    for (const std::string_view module : kModules) {
        if (name.starts_with(module)) {
            return name.substr(module.size());
        }
    }
    return name;
}

const JsonNode* find_local(const JsonNode& object, std::string_view key) {
    for (const JsonMember& member : object.members) {
        if (local_name(member.key) == key) {
            return &member.value;
        }
    }
    return nullptr;
}

MudAce read_mud_ace(const JsonNode& node, MudFamily family) {
    MudAce ace;
    ace.mark = node.mark;
    ace.family = family;
    AceReader reader{ace};
    const JsonNode* const actions = find_local(node, "actions");
    actions != nullptr ? reader.read_actions(*actions) : reader.refuse("it has no actions", "");
    for (const JsonMember& member : node.members) {
        const std::string_view key = local_name(member.key);
        if (key == "name") {
            ace.name = member.value.text;
        } else if (key == "matches" && member.value.kind == Kind::object) {
            reader.read_matches(member.value);
        } else if (key != "actions" && key != "statistics") {
            reader.unknown(member.key);
        }
    }
    return ace;
}

}  // namespace tollgate::exchange

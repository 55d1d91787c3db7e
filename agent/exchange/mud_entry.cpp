// SPDX-License-Identifier: MIT
#include "agent/exchange/mud_entry.hpp"

#include <netinet/in.h>

#include <fmt/format.h>

#include "policy/notation.hpp"

namespace tollgate::exchange {
namespace {

using Json = nlohmann::ordered_json;
using policy::Direction;
using policy::Service;

Json ports_json(const Service& service) {
    return service.first == service.last
               ? Json{{"operator", "eq"}, {"port", service.first}}
               : Json{{"lower-port", service.first}, {"upper-port", service.last}};
}

Json network_json(const MudEntry& entry, MudFamily family, bool source) {
    const MudRemote& remote = entry.remote;
    Json network = Json::object();
    if (!remote.name.empty()) {
        network[source ? "ietf-acldns:src-dnsname" : "ietf-acldns:dst-dnsname"] = remote.name;
    }
    if (entry.service) {
        network["protocol"] = entry.service->protocol;
    }
    const bool ipv4 = family == MudFamily::ipv4;
    if (remote.prefix && remote.prefix->length != (ipv4 ? 96 : 0)) {
        const std::string key =
            fmt::format("{}-{}-network", source ? "source" : "destination", ipv4 ? "ipv4" : "ipv6");
        const std::string length = !remote.prefix->is_host() ? "" : ipv4 ? "/32" : "/128";
        network[key] = remote.prefix->to_string() + length;
    }
    return network;
}

}  // namespace

Json matches_json(const MudEntry& entry, MudFamily family) {
    const MudRemote& remote = entry.remote;
    const bool source = (entry.flow == Direction::ingress) != entry.answers;
    Json matches = Json::object();
    if (remote.mud_class) {
        const MudClass& asked = *remote.mud_class;
        matches["ietf-mud:mud"][std::string{node_of(asked.kind)}] =
            MudClass::has_value(asked.kind) ? Json(asked.value) : Json::array({nullptr});
    }
    if (remote.mac) {
        matches["eth"][source ? "source-mac-address" : "destination-mac-address"] =
            remote.mac->to_string();
    }
    if (Json network = network_json(entry, family, source); !network.empty()) {
        matches[family == MudFamily::ipv4 ? "ipv4" : "ipv6"] = std::move(network);
    }
    if (entry.service && policy::has_ports(*entry.service)) {
        const bool tcp = entry.service->protocol == IPPROTO_TCP;
        Json& transport = matches[tcp ? "tcp" : "udp"];
        if (tcp) {
            transport["ietf-mud:direction-initiated"] =
                entry.flow == Direction::egress ? "from-device" : "to-device";
        }
        transport[entry.answers ? "source-port" : "destination-port"] = ports_json(*entry.service);
    } else if (entry.service && entry.service->first == entry.service->last &&
               (entry.service->protocol == IPPROTO_ICMP ||
                entry.service->protocol == IPPROTO_ICMPV6)) {
        matches["icmp"]["type"] = entry.service->first;
    }
    return matches;
}

}  // namespace tollgate::exchange

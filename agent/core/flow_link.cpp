// SPDX-License-Identifier: MIT
#include "agent/core/flow_link.hpp"

#include "policy/learn_patterns.hpp"

namespace tollgate::agent {

namespace {

std::string peer_of_site(const IpAddress& remote, std::uint8_t zone, Gate& gate) {
    std::string peer = gate.peer_of(zone, {remote, 128});
    const std::uint8_t site = policy::site_of(remote).length;
    const Prefix wider = Prefix::covering(remote, static_cast<std::uint8_t>(site - 1));
    return gate.peer_of(zone, wider) == peer ? std::string{} : peer;
}

}  // namespace

ZoneLinks links_of(const std::vector<ProtectedInterface>& interfaces) {
    ZoneLinks links{};
    for (const ProtectedInterface& interface : interfaces) {
        links.at(interface.zone) =
            interface.link == TG_LINK_TUNNEL ? policy::Link::tunnel : policy::Link::clear;
    }
    return links;
}

bool complete(policy::FlowRecord& record, const ZoneLinks& links, Gate& gate) {
    const bool known = record.zone < links.size() && links.at(record.zone) != policy::Link::unknown;
    if (!known) {
        return false;
    }
    record.link = links.at(record.zone);
    if (record.link == policy::Link::tunnel) {
        record.peer = peer_of_site(record.remote, record.zone, gate);
    }
    return true;
}

}  // namespace tollgate::agent

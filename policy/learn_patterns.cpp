// SPDX-License-Identifier: MIT
#include "policy/learn_patterns.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include <netinet/in.h>

namespace tollgate::policy {
namespace {

constexpr std::size_t kScanPorts = 16;  // that one remote tries in vain
constexpr std::size_t kScanPeers = 16;  // that do not answer the device on one port
constexpr std::size_t kPassingPorts = 4;
constexpr std::size_t kBroadcastPorts = 8;
constexpr std::uint16_t kFirstUserPort = 1024;
constexpr std::uint16_t kDynamicPorts = 32768;
constexpr std::chrono::minutes kLater{10};
constexpr std::uint8_t kIpv4Narrowest = 120;
constexpr std::uint8_t kIpv6Narrowest = 64;

Prefix prefix_of(const IpAddress& address, std::uint8_t length) {
    Prefix prefix{address, length};
    for (std::size_t bit = length; bit < 128; ++bit) {
        auto& byte = prefix.address.bytes[bit / 8];
        byte = static_cast<std::uint8_t>(byte & ~(0x80U >> (bit % 8)));
    }
    return prefix;
}

Prefix cover(const Prefix& prefix, const IpAddress& address) {
    Prefix wider = prefix;
    while (!wider.contains(address)) {
        wider = prefix_of(wider.address, static_cast<std::uint8_t>(wider.length - 1));
    }
    return wider;
}

bool has_ports(const ServiceKey& key) {
    return key.protocol == IPPROTO_TCP || key.protocol == IPPROTO_UDP;
}

}  // namespace

// RFC 1918, 3927, 4193, 4291.
Prefix site_of(const IpAddress& address) {
    constexpr std::array<std::string_view, 6> kBlocks{
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10"};
    for (const std::string_view text : kBlocks) {
        const auto block = Prefix::parse(text);
        if (block && block->contains(address)) {
            return *block;
        }
    }
    return prefix_of(address, address.is_ipv4() ? kIpv4Narrowest : kIpv6Narrowest);
}

std::vector<Prefix> local_network(const std::set<IpAddress>& peers) {
    std::map<Prefix, Prefix> by_block;
    for (const IpAddress& peer : peers) {
        const auto narrowest = peer.is_ipv4() ? kIpv4Narrowest : kIpv6Narrowest;
        const Prefix first = prefix_of(peer, narrowest);
        Prefix& known = by_block.try_emplace(site_of(peer), first).first->second;
        known = cover(known, peer);
    }
    std::vector<Prefix> network;
    for (const auto& [block, prefix] : by_block) {
        network.push_back(prefix);
    }
    return network;
}

ServicePatterns::Port ServicePatterns::port_of(const ServiceKey& key, Direction direction) {
    return {key.link, direction, key.protocol, key.port};
}

ServicePatterns::Port ServicePatterns::protocol_of(const Port& port) {
    Port any = port;
    std::get<std::uint16_t>(any) = 0;
    return any;
}

ServicePatterns::ServicePatterns(const std::map<ServiceKey, ServiceEvidence>& services) {
    std::map<Link, std::set<IpAddress>> local;
    for (const auto& [key, evidence] : services) {
        const Port port = port_of(key, key.direction);
        const bool egress_group = evidence.link_group || key.remote.is_multicast();
        if (key.name.empty() && key.remote.is_private() && !egress_group) {
            local[key.link].insert(key.remote);
        }
        if (egress_group) {
            groups_.insert(port);
            broadcast_ports_[{key.link, key.remote}] +=
                key.protocol == IPPROTO_UDP && !key.remote.is_multicast() ? 1 : 0;
        } else if (evidence.answered == 0 && key.group == IpAddress{}) {
            if (key.direction == Direction::ingress) {
                probed_[{key.link, key.remote}].insert(port);
            } else if (key.name.empty()) {
                silent_[port].insert(key.remote);
            }
        }
        if (has_ports(key) && key.port >= kDynamicPorts && key.name.empty()) {
            dynamic_[port] = dynamic_[port] || evidence.last_seen - evidence.first_seen > kLater;
        }
    }
    for (const auto& [link, peers] : local) {
        networks_[link] = local_network(peers);
    }
    for (const auto& [port, came_back] : dynamic_) {
        passing_[protocol_of(port)] += came_back ? 0 : 1;
    }
}

std::vector<std::string> ServicePatterns::network_of(Link link,
                                                     const std::vector<IpAddress>& peers) const {
    std::vector<std::string> remote;
    const auto network = networks_.find(link);
    if (network == networks_.end()) {
        return remote;
    }
    for (const Prefix& prefix : network->second) {
        if (std::any_of(peers.begin(), peers.end(), [&](const IpAddress& peer) {
                return prefix.contains(peer);
            })) {
            remote.push_back(prefix.to_string());
        }
    }
    return remote;
}

bool ServicePatterns::is_scan(const ServiceKey& key) const {
    if (key.direction == Direction::ingress) {
        const auto remote = probed_.find({key.link, key.remote});
        return key.name.empty() && remote != probed_.end() && remote->second.size() >= kScanPorts;
    }
    const auto port = silent_.find(port_of(key, key.direction));
    return port != silent_.end() && port->second.size() >= kScanPeers &&
           port->second.contains(key.remote);
}

bool ServicePatterns::is_ephemeral(const ServiceKey& key) const {
    const auto port = dynamic_.find(port_of(key, key.direction));
    if (port == dynamic_.end() || port->second || !key.name.empty()) {
        return false;
    }
    return passing_.at(protocol_of(port->first)) >= kPassingPorts;
}

bool ServicePatterns::broadcasts_widely(const ServiceKey& key) const {
    const auto ports = broadcast_ports_.find({key.link, key.remote});
    return key.direction == Direction::egress && key.protocol == IPPROTO_UDP &&
           key.port >= kFirstUserPort && ports != broadcast_ports_.end() &&
           ports->second >= kBroadcastPorts;
}

bool ServicePatterns::takes_part(const ServiceKey& key) const {
    return groups_.contains(port_of(key, Direction::egress));
}

}  // namespace tollgate::policy

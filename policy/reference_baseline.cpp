// SPDX-License-Identifier: MIT
#include "policy/reference_baseline.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

namespace tollgate::policy {
namespace {

constexpr std::uint8_t kRouterSolicitation = 133;
constexpr std::uint8_t kRouterAdvertisement = 134;
constexpr std::uint8_t kNeighbourSolicitation = 135;
constexpr std::uint8_t kNeighbourAdvertisement = 136;
constexpr std::uint8_t kRedirect = 137;
constexpr std::uint8_t kMldQuery = 130;
constexpr std::uint8_t kMldReport = 131;
constexpr std::uint8_t kMldDone = 132;
constexpr std::uint8_t kMldReport2 = 143;

DropReason pass_if(bool condition, DropReason otherwise) {
    return condition ? DropReason::none : otherwise;
}

bool link_local6(const IpAddress& address) {
    return !address.is_ipv4() && address.is_link_local();
}

// RFC 826, narrowed to Ethernet and IPv4.
bool valid_arp(const PacketView& view) {
    constexpr std::size_t kBytes = 28;
    const auto arp = view.network();
    if (arp.size() < kBytes) {
        return false;
    }
    const bool ethernet_ipv4 = be16_at(arp, 0) == 1 && be16_at(arp, 2) == 0x0800 &&
                               byte_at(arp, 4) == 6 && byte_at(arp, 5) == 4;
    const std::uint16_t operation = be16_at(arp, 6);
    const bool sender_is_group = (byte_at(arp, 8) & 1U) != 0;
    return ethernet_ipv4 && (operation == 1 || operation == 2) && !sender_is_group;
}

// RFC 4861, sections 6.1 and 7.1: what every neighbour discovery message must fulfil.
bool genuine_neighbour_discovery(const PacketView& view, std::size_t minimum_bytes) {
    return view.packet.hop_limit == 255 && view.packet.icmp_code == 0 &&
           !view.has(TG_PACKET_EXTENSIONS) && view.packet.l4_bytes >= minimum_bytes;
}

bool neighbour_discovery_passes(const PacketView& view, std::uint32_t enabled) {
    const bool neighbour = (enabled & TG_BASELINE_NEIGHBOUR) != 0;
    if (view.fragment()) {
        return false;
    }
    switch (view.packet.icmp_type) {
        case kNeighbourSolicitation:
        case kNeighbourAdvertisement:
            return neighbour && genuine_neighbour_discovery(view, 24);
        case kRouterSolicitation:
            return neighbour && !view.ingress() && genuine_neighbour_discovery(view, 8);
        case kRouterAdvertisement:
            return (enabled & TG_BASELINE_ROUTER_ADVERT) != 0 && view.ingress() &&
                   link_local6(view.source()) && genuine_neighbour_discovery(view, 16);
        default:
            return false;
    }
}

bool igmp_passes(const PacketView& view) {
    if (view.transport().empty()) {
        return false;
    }
    const std::uint8_t type = byte_at(view.transport(), 0);
    const bool report_or_leave = type == 0x12 || type == 0x16 || type == 0x17 || type == 0x22;
    return view.ingress() ? type == 0x11 : report_or_leave;
}

bool mld_passes(const PacketView& view) {
    const bool our_direction = view.ingress() == (view.packet.icmp_type == kMldQuery);
    const bool our_source = link_local6(view.source()) || view.source() == IpAddress{};
    return our_direction && our_source && view.packet.hop_limit == 1;
}

bool is_mld(std::uint8_t type) {
    return type == kMldQuery || type == kMldReport || type == kMldDone || type == kMldReport2;
}

bool dhcp_client(const PacketView& view) {
    const std::uint16_t remote_port = ntohs(view.packet.key.remote_port);
    const std::uint16_t local_port = ntohs(view.packet.key.local_port);
    if (view.has(TG_PACKET_IPV4)) {
        return local_port == 68 && remote_port == 67;
    }
    if (local_port != 546 || remote_port != 547 || view.has(TG_PACKET_EXTENSIONS)) {
        return false;
    }
    const IpAddress all_servers{{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2}};
    return view.ingress() ? link_local6(view.source()) : view.destination() == all_servers;
}

std::optional<DropReason> icmpv6_verdict(const PacketView& view, std::uint32_t enabled) {
    const std::uint8_t type = view.packet.icmp_type;
    if (type >= kRouterSolicitation && type <= kRedirect) {
        return pass_if(neighbour_discovery_passes(view, enabled), DropReason::ndp_invalid);
    }
    if (is_mld(type)) {
        const bool on = (enabled & TG_BASELINE_MULTICAST) != 0;
        return pass_if(on && !view.fragment() && mld_passes(view), DropReason::policy_default);
    }
    return std::nullopt;
}

std::optional<DropReason> ip_verdict(const PacketView& view, std::uint32_t enabled) {
    switch (view.protocol()) {
        case IPPROTO_ICMPV6:
            return icmpv6_verdict(view, enabled);
        case IPPROTO_IGMP: {
            const bool on = (enabled & TG_BASELINE_MULTICAST) != 0;
            return pass_if(on && !view.fragment() && igmp_passes(view), DropReason::policy_default);
        }
        case IPPROTO_UDP:
            if ((enabled & TG_BASELINE_DHCP) != 0 && !view.fragment() && dhcp_client(view)) {
                return DropReason::none;
            }
            return std::nullopt;
        default:
            return std::nullopt;
    }
}

}  // namespace

std::optional<DropReason> baseline_verdict(const PacketView& view, std::uint32_t enabled) {
    if (view.has(TG_PACKET_ARP)) {
        const bool on = (enabled & TG_BASELINE_ARP) != 0;
        return pass_if(on && valid_arp(view), DropReason::arp_invalid);
    }
    if (view.has(TG_PACKET_EAPOL)) {
        return pass_if((enabled & TG_BASELINE_EAPOL) != 0, DropReason::ethertype);
    }
    if (view.has(TG_PACKET_LLDP)) {
        return pass_if((enabled & TG_BASELINE_LLDP) != 0, DropReason::ethertype);
    }
    if (view.has(TG_PACKET_FRAGMENT_LATER)) {
        return std::nullopt;
    }
    return ip_verdict(view, enabled);
}

}  // namespace tollgate::policy

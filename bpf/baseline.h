/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What a host needs to have an address at all: docs/packet-path.md, section 3. */
#pragma once

#include <tollgate/abi/parse.h>

#include "passage.h"

enum baseline {
    BASELINE_PASS,
    BASELINE_REFUSE, /* for gate->reason */
    BASELINE_OTHER,  /* not the baseline's: the policy decides */
};

TG_INLINE enum baseline baseline_refuse(struct gate *gate, enum tg_drop_reason reason) {
    gate->reason = reason;
    return BASELINE_REFUSE;
}

/** A tunnel has no link that needs a baseline. */
TG_INLINE bool baseline_has(const struct gate *gate, enum tg_baseline part) {
    return link == TG_LINK_CLEAR && gate->generation->baseline & part;
}

/** fe80::/10 */
TG_INLINE bool is_link_local(const __u8 *address) {
    return address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

TG_INLINE bool is_unspecified(const __u8 *address) {
    return *(const __u64 *)address == 0 && *(const __u64 *)(address + 8) == 0;
}

/** Ethernet/IPv4 request or reply (RFC 826). */
TG_INLINE enum baseline baseline_arp(struct gate *gate) {
    const __u32 at = TG_IN_MEMORY(gate->packet->l3_offset);
    const __u8 *arp = tg_bytes_at(&gate->frame, at, TG_ARP_BYTES);

    if (!arp || !baseline_has(gate, TG_BASELINE_ARP) ||
        tg_load_be32(arp) != 0x00010800 || /* hardware Ethernet, protocol IPv4 */
        tg_load_be16(arp + 4) != 0x0604 || /* lengths of their addresses */
        (tg_load_be16(arp + 6) != 1 && tg_load_be16(arp + 6) != 2) || /* request, reply */
        arp[8] & 1)                                                   /* sender is a group */
        return baseline_refuse(gate, TG_DROP_ARP_INVALID);
    return BASELINE_PASS;
}

TG_INLINE enum baseline baseline_link(struct gate *gate) {
    const __u16 flags = gate->packet->flags;

    if (flags & TG_PACKET_ARP)
        return baseline_arp(gate);
    if (flags & TG_PACKET_EAPOL && baseline_has(gate, TG_BASELINE_EAPOL))
        return BASELINE_PASS;
    if (flags & TG_PACKET_LLDP && baseline_has(gate, TG_BASELINE_LLDP))
        return BASELINE_PASS;
    return baseline_refuse(gate, TG_DROP_ETHERTYPE);
}

/** Neighbour discovery (RFC 4861, 6.1 and 7.1): types 133 to 137. */
TG_INLINE bool is_valid_ndp(const struct gate *gate) {
    const struct tg_packet *packet = gate->packet;
    const __u8 type = packet->icmp_type;

    if (packet->hop_limit != 255 || packet->icmp_code != 0 ||
        packet->flags & (TG_PACKET_EXTENSIONS | TG_PACKET_FRAGMENT_FIRST))
        return false;
    if (type == TG_NDP_ROUTER_ADVERTISEMENT)
        return is_ingress(gate) && packet->l4_bytes >= 16 && is_link_local(packet->key.remote) &&
               baseline_has(gate, TG_BASELINE_ROUTER_ADVERT);
    if (type == TG_NDP_ROUTER_SOLICITATION)
        return !is_ingress(gate) && packet->l4_bytes >= 8 &&
               baseline_has(gate, TG_BASELINE_NEIGHBOUR);
    return type != TG_NDP_REDIRECT && packet->l4_bytes >= 24 &&
           baseline_has(gate, TG_BASELINE_NEIGHBOUR);
}

/** Multicast listener discovery (RFC 2710, 3; RFC 3810, 5). */
TG_INLINE bool is_valid_mld(const struct gate *gate) {
    const struct tg_packet *packet = gate->packet;
    const __u8 *source = is_ingress(gate) ? packet->key.remote : packet->key.local;

    return (packet->icmp_type == TG_MLD_QUERY) == is_ingress(gate) && packet->hop_limit == 1 &&
           !(packet->flags & TG_PACKET_FRAGMENT_FIRST) &&
           (is_link_local(source) || is_unspecified(source)) &&
           baseline_has(gate, TG_BASELINE_MULTICAST);
}

TG_INLINE enum baseline baseline_icmpv6(struct gate *gate) {
    const __u8 type = gate->packet->icmp_type;

    if (type >= TG_NDP_ROUTER_SOLICITATION && type <= TG_NDP_REDIRECT)
        return is_valid_ndp(gate) ? BASELINE_PASS : baseline_refuse(gate, TG_DROP_NDP_INVALID);
    if ((type >= TG_MLD_QUERY && type <= TG_MLD_DONE) || type == TG_MLD2_REPORT)
        return is_valid_mld(gate) ? BASELINE_PASS : baseline_refuse(gate, TG_DROP_POLICY_DEFAULT);
    return BASELINE_OTHER;
}

TG_INLINE enum baseline baseline_igmp(struct gate *gate) {
    const __u8 type = gate->packet->icmp_type;
    const bool fits = is_ingress(gate) ? type == TG_IGMP_QUERY
                                       : type == TG_IGMP_REPORT || type == TG_IGMP2_REPORT ||
                                             type == TG_IGMP_LEAVE || type == TG_IGMP3_REPORT;

    if (fits && baseline_has(gate, TG_BASELINE_MULTICAST) &&
        !(gate->packet->flags & TG_PACKET_FRAGMENT_FIRST))
        return BASELINE_PASS;
    return baseline_refuse(gate, TG_DROP_POLICY_DEFAULT);
}

/** ff02::1:2 */
TG_INLINE bool is_all_dhcp_agents(const __u8 *address) {
    return tg_load_be32(address) == 0xff020000 && tg_load_be32(address + 4) == 0 &&
           tg_load_be32(address + 8) == 0 && tg_load_be32(address + 12) == 0x00010002;
}

/** The ports of the client's side of DHCP (RFC 2131, RFC 8415). */
TG_INLINE bool has_dhcp_ports(const struct tg_packet *packet) {
    const __u32 ports = tg_load_be32((const __u8 *)&packet->key.remote_port);

    return ports == (packet->flags & TG_PACKET_IPV4
                         ? (__u32)TG_PORT_DHCP_SERVER << 16 | TG_PORT_DHCP_CLIENT
                         : (__u32)TG_PORT_DHCPV6_SERVER << 16 | TG_PORT_DHCPV6_CLIENT);
}

TG_INLINE enum baseline baseline_dhcp(const struct gate *gate) {
    const struct tg_packet *packet = gate->packet;

    if (!has_dhcp_ports(packet) || !baseline_has(gate, TG_BASELINE_DHCP) ||
        packet->flags & (TG_PACKET_EXTENSIONS | TG_PACKET_FRAGMENT_FIRST))
        return BASELINE_OTHER;
    if (packet->flags & TG_PACKET_IPV4)
        return BASELINE_PASS;
    return (is_ingress(gate) ? is_link_local(packet->key.remote)
                             : is_all_dhcp_agents(packet->key.remote))
               ? BASELINE_PASS
               : BASELINE_OTHER;
}

TG_INLINE enum baseline baseline(struct gate *gate) {
    const __u16 flags = gate->packet->flags;

    if (!(flags & (TG_PACKET_IPV4 | TG_PACKET_IPV6)))
        return baseline_link(gate);
    if (flags & TG_PACKET_FRAGMENT_LATER)
        return BASELINE_OTHER;
    switch (gate->packet->key.protocol) {
        case TG_PROTOCOL_ICMPV6:
            return baseline_icmpv6(gate);
        case TG_PROTOCOL_IGMP:
            return baseline_igmp(gate);
        case TG_PROTOCOL_UDP:
            return baseline_dhcp(gate);
        default:
            return BASELINE_OTHER;
    }
}

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#pragma once

#include <linux/types.h>

#include <tollgate/abi/flow.h>
#include <tollgate/abi/size.h>

/** What an interface carries. */
enum tg_link {
    TG_LINK_CLEAR = 0,  /* Ethernet frames */
    TG_LINK_TUNNEL = 1, /* what a tunnel of ours carries: IP packets without a link layer header */
    TG_LINKS
};

/** enum tg_packet_flag: bits of tg_packet.flags. */
enum tg_packet_flag {
    TG_PACKET_IPV4 = 1 << 0,
    TG_PACKET_IPV6 = 1 << 1,
    TG_PACKET_ARP = 1 << 2,
    TG_PACKET_EAPOL = 1 << 3,
    TG_PACKET_LLDP = 1 << 4,
    TG_PACKET_VLAN = 1 << 5,            /* at least one tag */
    TG_PACKET_FRAGMENT_FIRST = 1 << 6,  /* offset 0, more to come */
    TG_PACKET_FRAGMENT_LATER = 1 << 7,  /* offset > 0: no ports, l4_offset is the payload */
    TG_PACKET_EXTENSIONS = 1 << 8,      /* IPv6 extension headers (an atomic fragment header too) */
    TG_PACKET_OPTIONS = 1 << 9,         /* IPv4 options */
    TG_PACKET_LINK_MULTICAST = 1 << 10, /* Ethernet destination is a group (broadcast included) */
    TG_PACKET_LINK_FROM_GROUP = 1 << 11, /* so is its source, which none can be */
};

/** What the parser (abi/parse.h) found in a frame. Only meaningful if it returned TG_DROP_NONE. */
struct tg_packet {
    struct tg_flow_key key; /* zone is left zero */
    __u32 frame_bytes;
    __u32 l4_bytes;     /* from the transport header to the end the IP header gives */
    __u32 tcp_sequence; /* host order */
    __u32 tcp_acknowledgement;
    __be32 fragment_id;
    __u16 flags;     /* enum tg_packet_flag */
    __u16 l3_offset; /* from the start of the frame */
    __u16 l4_offset;
    __u16 fragment_offset;  /* bytes */
    __u16 fragment_payload; /* where the payload that fragment offsets count begins; IPv6 without
                               fragment header: zero */
    __u8 tcp_flags;         /* FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32 */
    __u8 icmp_type;         /* of ICMP, ICMPv6 and IGMP */
    __u8 icmp_code;
    __u8 hop_limit; /* or TTL */
    __u8 remote_mac[6];
} __attribute__((aligned(8)));

TG_SIZE(tg_packet, 80);

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Flows: what one side says to the other. Compiled as C11 (BPF) and as C++20. */
#pragma once

#include <linux/types.h>

#include <tollgate/abi/size.h>

/** Which way a packet crosses the gate, seen from the protected side. */
enum tg_direction {
    TG_INGRESS = 0, /* towards the protected side */
    TG_EGRESS = 1,
    TG_DIRECTIONS
};

/**
 * One flow, both directions, both address families. "local" is the protected side: on ingress the
 * destination, on egress the source. Addresses are in network order, IPv4 mapped (::ffff:a.b.c.d,
 * RFC 4291, 2.5.5.2). Ports are in network order; ICMP and ICMPv6 echo carry their identifier in
 * both ports; other protocols zero.
 *
 * Used as a map key: no padding, unused bytes are zero.
 */
struct tg_flow_key {
    __u8 remote[16];
    __u8 local[16];
    __be16 remote_port;
    __be16 local_port;
    __u8 protocol; /* IPPROTO_* */
    __u8 zone;     /* index of the interface, below TG_ZONES_MAX */
    __u8 reserved[2];
};

/** enum tg_flow_flag: bits of tg_flow.flags. */
enum tg_flow_flag {
    TG_FLOW_LOCAL_INITIATED = 1 << 0, /* the protected side sent the first packet */
    TG_FLOW_ANSWERED = 1 << 1,        /* the responder has sent (TCP: SYN-ACK or later) */
    TG_FLOW_ESTABLISHED = 1 << 2,     /* the initiator has answered the answer */
    TG_FLOW_FIN_INGRESS = 1 << 3,
    TG_FLOW_FIN_EGRESS = 1 << 4,
    TG_FLOW_RESET = 1 << 5,      /* the last segment was a RST, one to be believed */
    TG_FLOW_METERED = 1 << 6,    /* its rule has a limit or an expiry: every packet is re-judged */
    TG_FLOW_DNS = 1 << 7,        /* towards UDP port 53: its messages are read */
    TG_FLOW_WOULD_DROP = 1 << 8, /* passes only because of the stage; would_drop says why */
    TG_FLOW_ASSURED = 1 << 9,    /* picked up mid-stream; the initiator is a guess */
};

/** The state of one flow. The kernel writes it, the agent reads it. 64 bytes. */
struct tg_flow {
    __u64 first_seen_ns; /* CLOCK_BOOTTIME, at tick resolution */
    __u64 last_seen_ns;
    __u64 packets[TG_DIRECTIONS];
    __u64 bytes[TG_DIRECTIONS]; /* of the frame, from the Ethernet header on */
    __u32 generation;           /* number of the generation that judged it */
    __u32 rule;                 /* the rule that allows it; 0: none (default action or stage) */
    union {                     /* TCP, host order */
        __u32 isn;              /* until established: sequence of the local SYN-ACK */
        __u32 rcv_nxt; /* then: RCV.NXT of the local side as it acknowledged last; 0: unknown */
    };
    __u16 flags;     /* enum tg_flow_flag */
    __u8 would_drop; /* enum tg_drop_reason */
    __u8 reserved;
};

/** What a fragment with offset > 0 belongs to. Addresses as in tg_flow_key. */
struct tg_fragment_key {
    __u8 remote[16];
    __u8 local[16];
    __be32 id; /* IPv4: the 16-bit identification, in the low half in network order */
    __u8 protocol;
    __u8 zone;
    __u8 direction; /* enum tg_direction */
    __u8 reserved;
};

/** What the first fragment decided. Only fragments that passed leave one. */
struct tg_fragment {
    __u64 expires_ns;
    __u32 first_end; /* bytes of payload that the first fragment covers; later ones start there */
    __u32 rule;
};

TG_SIZE(tg_flow_key, 40);
TG_SIZE(tg_flow, 64);
TG_SIZE(tg_fragment_key, 40);
TG_SIZE(tg_fragment, 16);

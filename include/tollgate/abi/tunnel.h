/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What the gate knows of our tunnels: docs/packet-path.md, section 9. */
#pragma once

#include <linux/types.h>

#include <tollgate/abi/blake2s.h>
#include <tollgate/abi/limits.h>
#include <tollgate/abi/size.h>

/** Map `tunnel_ports`: a bit for each UDP port that a tunnel of ours listens on, 64 to an element.
 *  Index: port / 64; bit: port % 64, host order. */
#define TG_TUNNEL_PORT_WORDS 1024

/** enum tg_tunnel_flag: bits of tg_tunnel.flags. */
enum tg_tunnel_flag {
    TG_TUNNEL_MAC1 = 1 << 0,       /* handshake messages need a good mac1 */
    TG_TUNNEL_UNDER_LOAD = 1 << 1, /* initiations need a cookie's mac2, or a turn for a cookie */
    TG_TUNNEL_COOKIES = 1 << 2,    /* load is over, but a cookie that was given then still counts */
    TG_TUNNEL_STEALTH = 1 << 3,    /* initiations need the stealth MAC, or a cookie's mac2 */
};

/** The cookie secrets of a tunnel: cookies of both are good. */
#define TG_TUNNEL_COOKIE_SECRETS 2
/** The keys of the stealth MAC, mac2 = BLAKE2s(key, mac1): of the slot of time that it is, of the
 * one before and of the next. */
#define TG_TUNNEL_STEALTH_SLOTS 3

/** Map `tunnels`, key: the UDP port (__u32, host order). The agent writes it. A key of BLAKE2s is
 *  here as the state after the key's block was compressed, for a MAC of 16 bytes. */
struct tg_tunnel {
    __u32 number; /* below TG_TUNNELS_MAX: which tunnel, whatever port it listens on */
    __u32 flags;  /* enum tg_tunnel_flag */
    __u32 mac1_state[TG_BLAKE2S_STATE_WORDS];
    __u32 cookie_states[TG_TUNNEL_COOKIE_SECRETS][TG_BLAKE2S_STATE_WORDS]; /* current, previous */
    __u32 stealth_states[TG_TUNNEL_STEALTH_SLOTS][TG_BLAKE2S_STATE_WORDS];
};

/** Key of the map `receivers`: a receiver index of ours. The value (__u32) is an index of
 *  `receiver_slots`. The agent writes both. */
struct tg_receiver_key {
    __u32 index;  /* as a number, not as its bytes in messages */
    __u32 tunnel; /* tg_tunnel.number */
};

/** Map `receiver_slots`, which the agent has mapped into its memory: it writes here for each vector
 *  of messages, without a system call. The data path only writes `roaming_due_ns`. A reader may see
 *  half of a change of `address`: that costs one message its place, at most. 64 bytes: a cache
 * line.
 */
struct tg_receiver {
    __u64 greatest_counter; /* of the authentic transport messages */
    __u64 expires_ns;       /* CLOCK_BOOTTIME: nothing passes from then on */
    __u64 roaming_due_ns;   /* token bucket (GCRA) of messages from elsewhere */
    __u8 address[16];       /* of the peer, as in tg_flow_key */
    __be16 port;            /* of the peer; 0: not known */
    __u8 accepts;           /* bit 1 << enum tg_wg_type: messages that make sense now */
    __u8 reserved[21];
};

/** Key of the map `peer_sources`: where peers of a tunnel are, as far as the agent knows, which
 *  writes it. The value (__u64) is when the next initiation is due that needs no cookie. */
struct tg_peer_source {
    __u8 network[16]; /* as in tg_initiator */
    __u32 tunnel;     /* tg_tunnel.number */
};
#define TG_PEER_SOURCES_MAX 65536

/** Index of the map `tunnel_sockets`: what a tunnel takes from one receive queue of the interface
 *  that is `zone`, past the network stack. */
#define TG_TUNNEL_SOCKET(number, zone, queue) \
    (((number)*TG_ZONES_MAX + (zone)) * TG_QUEUES_MAX + (queue))
#define TG_TUNNEL_SOCKETS_MAX TG_TUNNEL_SOCKET(TG_TUNNELS_MAX, 0, 0)

/** Key of the map `initiators`: who begins handshakes. IPv6: the first 64 bits, because one host
 * may have all addresses of a /64. The value (__u64) is when the next initiation is due. */
struct tg_initiator {
    __u8 network[16];
};

/** Key of the map `initiations`, the handshakes that were begun lately: mac1 of the message. The
 *  value (__u8) says nothing. */
struct tg_initiation_key {
    __u8 mac1[16];
};

/** Key of the longest-prefix map `peer_addresses`: which peer an inner address belongs to. The
 * agent writes it before and after it changes the peers' allowed IPs. IPv4 prefixes are mapped. */
struct tg_peer_prefix_key {
    __u32 length; /* TG_PEER_ZONE_BITS and the bits of `address` that count; IPv4 has 96 more */
    __u8 zone;    /* of the tunnel's interface */
    __u8 reserved[3];
    __u8 address[16];
};
#define TG_PEER_ZONE_BITS 32

/** What the policy calls a peer, filled up with zeros. All zeros: the address is nobody's, or of a
 *  peer without a name; no rule for a peer matches it. Value of `peer_addresses`, key of `peers`.
 */
struct tg_peer_name {
    __u8 name[TG_PEER_NAME_MAX];
};

/* Token buckets, in nanoseconds of CLOCK_BOOTTIME: what a message costs, and what may be owed. */
#define TG_INITIATOR_INTERVAL_NS (TG_SECOND / 20)
#define TG_INITIATOR_BURST_NS (5 * TG_INITIATOR_INTERVAL_NS)
#define TG_ROAMING_INTERVAL_NS (TG_SECOND / 50)
#define TG_ROAMING_BURST_NS (10 * TG_ROAMING_INTERVAL_NS)
#define TG_COOKIE_INTERVAL_NS (TG_SECOND / 2000) /* initiations that ask for a cookie, in all */
#define TG_COOKIE_BURST_NS (1000 * TG_COOKIE_INTERVAL_NS)

/** Index of the map `mac_due`. @param of_peer  bool: of what comes from where peers of the tunnel
 * are
 */
#define TG_MAC_DUE(number, of_peer) (2 * (number) + (of_peer))
/* Each may take one part in so many of the time of a CPU, and so much at once. */
#define TG_MAC_SHARE 8
#define TG_MAC_BURST_NS (TG_SECOND / 20)

TG_SIZE(tg_tunnel, 200);
TG_SIZE(tg_receiver_key, 8);
TG_SIZE(tg_receiver, 64);
TG_SIZE(tg_initiator, 16);
TG_SIZE(tg_initiation_key, 16);
TG_SIZE(tg_peer_source, 20);
TG_SIZE(tg_peer_prefix_key, 24);
TG_SIZE(tg_peer_name, 64);

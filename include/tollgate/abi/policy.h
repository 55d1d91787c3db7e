/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The compiled policy: what the agent writes and the data path reads. docs/packet-path.md says how
 * a verdict is found in it. */
#pragma once

#include <linux/types.h>

#include <tollgate/abi/flow.h>
#include <tollgate/abi/limits.h>
#include <tollgate/abi/packet.h>
#include <tollgate/abi/size.h>

/** What happens to packets that no rule allows. Zero is the safe value. */
enum tg_stage {
    TG_STAGE_ENFORCE = 0, /* dropped */
    TG_STAGE_AUDIT = 1,   /* counted as would-drop, passed; explicit deny and blocklist drop */
    TG_STAGE_LEARN = 2,   /* the same, and recorded as candidates */
    TG_STAGE_OPEN = 3,    /* everything passes, nothing is judged */
    TG_STAGES
};

enum tg_action { TG_ACTION_DROP = 0, TG_ACTION_PASS = 1 };

/** enum tg_baseline: what a host needs to have an address at all; each can be switched off. */
enum tg_baseline {
    TG_BASELINE_ARP = 1 << 0,
    TG_BASELINE_NEIGHBOUR = 1 << 1,     /* NS, NA both ways; RS out (RFC 4861) */
    TG_BASELINE_ROUTER_ADVERT = 1 << 2, /* RA in, from a link-local router */
    TG_BASELINE_DHCP = 1 << 3,          /* DHCPv4 and DHCPv6, client side */
    TG_BASELINE_MULTICAST = 1 << 4,     /* IGMP and MLD: queries in, reports out */
    TG_BASELINE_EAPOL = 1 << 5,         /* 802.1X; off by default */
    TG_BASELINE_LLDP = 1 << 6,          /* off by default */
};
#define TG_BASELINE_DEFAULT                                                                   \
    (TG_BASELINE_ARP | TG_BASELINE_NEIGHBOUR | TG_BASELINE_ROUTER_ADVERT | TG_BASELINE_DHCP | \
     TG_BASELINE_MULTICAST)

/**
 * The one switch of the data path: map `control`, a single entry. Writing it swaps the policy of
 * every interface at once.
 */
struct tg_control {
    __u32 active_slot; /* below TG_SLOTS */
    __u32 open;        /* not zero: every zone behaves as TG_STAGE_OPEN (tollgate open) */
};

/**
 * One loaded generation: map `generations`, index: slot. Past `deadline_ns` an unconfirmed
 * generation is void and the slot `previous_slot` applies again: the kernel decides so by itself.
 */
struct tg_generation {
    __u64 deadline_ns;    /* CLOCK_BOOTTIME; 0: confirmed */
    __u64 grace_until_ns; /* until then TCP is picked up mid-stream on ingress too */
    __u32 number; /* never 0, never reused; a flow judged under another number is re-judged */
    __u32 previous_slot;
    __u32 baseline;                     /* enum tg_baseline */
    __u8 default_action[TG_DIRECTIONS]; /* enum tg_action */
    __u8 reserved[2];
    __u8 stage[TG_ZONES_MAX]; /* enum tg_stage */
};

/**
 * Index into `port_classes`, in units of classes: which rules could match a service. The table has
 * one part per slot, link (enum tg_link) and direction; TCP and UDP by destination port, ICMP by
 * type, the rest by protocol number. Four 16-bit classes share one 8-byte element of the array.
 */
#define TG_PORTS_TCP 0
#define TG_PORTS_UDP 65536
#define TG_PORTS_ICMP 131072
#define TG_PORTS_ICMPV6 131328
#define TG_PORTS_PROTOCOL 131584
#define TG_PORTS_PER_DIRECTION 131840
#define TG_PORTS_PER_LINK (TG_DIRECTIONS * TG_PORTS_PER_DIRECTION)
#define TG_PORTS_PER_SLOT (TG_LINKS * TG_PORTS_PER_LINK)

struct tg_port_classes {
    __u16 class_of[4]; /* host order; 0: no rule opens it */
};

/** enum tg_dimension: which properties of the remote side the rules of a port class look at. */
enum tg_dimension {
    TG_BY_ADDRESS = 1 << 0, /* verdicts with a class of `hosts` or `prefixes` exist */
    TG_BY_MAC = 1 << 1,
    TG_BY_NAME = 1 << 2,
    TG_BY_PEER = 1 << 3, /* in tunnels only, as TG_BY_MAC is only outside of them */
};

/** Map `port_rules`, index: slot * TG_PORT_CLASSES_MAX + port class. */
struct tg_port_rule {
    __u32 any_rule;   /* the best rule that matches whatever the remote is; 0: none */
    __u32 dimensions; /* enum tg_dimension */
};

/** Key of the inner maps of `verdicts`; the value is a rule (__u32), already the best of all rules
 *  that match this class and port class, those for any remote included. */
struct tg_verdict_key {
    __u32 remote_class; /* from hosts, prefixes, macs, peers or names; one number space; never 0 */
    __u16 port_class;
    __u16 local_class; /* 0 in the role host */
};

/** Key of the longest-prefix maps (`prefixes`, `blocklist`). IPv4 prefixes have 96 bits more. */
struct tg_prefix_key {
    __u32 length; /* bits of `address` that count */
    __u8 address[16];
};

struct tg_mac_key {
    __u8 mac[6];
    __u8 reserved[2];
};

/** enum tg_rule_flag */
enum tg_rule_flag {
    TG_RULE_FAILSAFE = 1 << 0, /* wins over deny rules and the blocklist */
    TG_RULE_LOG = 1 << 1,      /* new flows under it make an event */
};

/**
 * Map `rules`, index: slot * TG_RULES_MAX + rule. Limits are token buckets in the form of GCRA: a
 * unit costs `interval` nanoseconds, and `burst` nanoseconds may be owed. Interval 0: no limit.
 */
struct tg_rule {
    __u64 expires_ns; /* CLOCK_BOOTTIME; 0: never */
    __u64 packet_interval_ns;
    __u64 packet_burst_ns;
    __u64 flow_interval_ns;
    __u64 flow_burst_ns;
    __u8 action; /* enum tg_action */
    __u8 flags;  /* enum tg_rule_flag */
    __u8 reserved[6];
};

/**
 * What `names` and `resolved` are hashed with: map `name_key`, a single entry. The agent draws the
 * key once; it leaves the map for nowhere but the agent's memory. A table of `names` that is not
 * the one noted here was hashed otherwise, by a version without a key: the next agent drops it,
 * together with all of `resolved`.
 */
struct tg_name_key {
    __u64 key;              /* of abi/name_hash.h; 0: not drawn yet, no name is read */
    __u32 tables[TG_SLOTS]; /* the kernel's id of the slot's table of `names`; 0: none */
};

/** One name that an address was resolved from. A pattern's hash is that of abi/name_hash.h over the
 *  name in lower case; "*.example.com" has the hash of "example.com" with TG_NAME_WILDCARD set,
 *  other names have that bit clear. */
#define TG_NAME_WILDCARD (1ULL << 63)
struct tg_resolved_name {
    __u64 pattern;    /* 0: unused */
    __u64 expires_ns; /* CLOCK_BOOTTIME */
};

/** Map `resolved`, key: address (16 bytes). Written by the data path from DNS answers. */
struct tg_resolved {
    struct tg_resolved_name names[TG_NAMES_PER_ADDRESS];
};

/** Map `address_filter`: 65,536 bits for each slot and family, 64 to an element. A clear bit says
 *  that no entry of hosts or prefixes can match, which saves both lookups. The bit of an address:
 *  IPv4, its first 16 bits; IPv6, its first 16 bits XOR its second 16 bits. Index:
 *  (slot * 2 + (IPv6 ? 1 : 0)) * 1024 + bit / 64. */
#define TG_ADDRESS_FILTER_WORDS 1024

TG_SIZE(tg_control, 8);
TG_SIZE(tg_generation, 48);
TG_SIZE(tg_port_classes, 8);
TG_SIZE(tg_port_rule, 8);
TG_SIZE(tg_verdict_key, 8);
TG_SIZE(tg_prefix_key, 20);
TG_SIZE(tg_mac_key, 8);
TG_SIZE(tg_rule, 48);
TG_SIZE(tg_name_key, 16);
TG_SIZE(tg_resolved, 128);

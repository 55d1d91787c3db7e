/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The sizes that kernel and agent agree on. Every table of the data path is bounded by one of
 * these. */
#pragma once

/** Changes whenever a struct, a map or the meaning of a field in abi/ changes; names the pin folder
 *  (PIN_DIR/v2), so that an agent never adopts maps whose layout it does not know. */
#define TG_ABI_VERSION 2

#define TG_ZONES_MAX 16    /* interfaces one agent protects; a zone is an index below it */
#define TG_SLOTS 2         /* policy generations kept loaded: the active one and the previous */
#define TG_RULES_MAX 16384 /* rules per generation, rule 0 ("no rule") included */
#define TG_PORT_CLASSES_MAX 16384 /* port classes per generation, class 0 ("no rule") included */

#define TG_FLOWS_MAX 65536 /* default; the agent may resize before loading */
#define TG_EMBRYOS_MAX 16384
#define TG_FRAGMENTS_MAX 4096
#define TG_BLOCKLIST_MAX 131072
#define TG_SERVICES_MAX 16384
#define TG_RESOLVED_MAX 8192
#define TG_DNS_QUERIES_MAX 4096
#define TG_EVENTS_BYTES (1 << 19)
#define TG_TUNNELS_MAX 16
#define TG_QUEUES_MAX 64       /* of an interface, from which a tunnel takes frames itself */
#define TG_RECEIVERS_MAX 65536 /* of all tunnels: a peer has 2 most of the time, 4 at most */
#define TG_INITIATORS_MAX 16384
#define TG_INITIATIONS_MAX 8192
#define TG_PEER_ADDRESSES_MAX 131072 /* allowed IPs of the peers of all tunnels */
#define TG_PEER_NAME_MAX 64

#define TG_VLAN_DEPTH_MAX 2
#define TG_EXTENSIONS_MAX 8 /* IPv6 extension headers in one packet */
#define TG_NAMES_PER_ADDRESS 8
#define TG_DNS_MESSAGE_MAX 1232 /* bytes of a DNS message that are read (RFC 9715's UDP size) */
#define TG_DNS_NAME_MAX 255     /* RFC 1035, 2.3.4 */
#define TG_DNS_RECORDS_MAX 32   /* answer records read in one message */

/* Nanoseconds of CLOCK_BOOTTIME. */
#define TG_SECOND 1000000000ULL
#define TG_TCP_ESTABLISHED_NS (432000 * TG_SECOND) /* as nf_conntrack: 5 days */
#define TG_TCP_CLOSING_NS (120 * TG_SECOND)        /* after a RST or both FINs */
#define TG_TCP_EMBRYO_NS (60 * TG_SECOND)
#define TG_TCP_RESET_WINDOW 65536          /* bytes received before they were acknowledged */
#define TG_UDP_STREAM_NS (180 * TG_SECOND) /* answered */
#define TG_UDP_EMBRYO_NS (30 * TG_SECOND)
#define TG_ICMP_NS (30 * TG_SECOND)
#define TG_OTHER_NS (600 * TG_SECOND) /* GRE, ESP, … */
#define TG_FRAGMENT_NS (30 * TG_SECOND)
#define TG_DNS_QUERY_NS (30 * TG_SECOND) /* an answer that comes later admits nothing */
#define TG_DNS_TTL_FLOOR_S 900           /* applications keep answers longer than the TTL */
#define TG_DNS_TTL_CEILING_S 604800

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Every map, with who writes and who reads it. Nothing is pinned here: the agent pins by name. All
 * but the last group are shared by the programs of all interfaces. */
#pragma once

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include <tollgate/abi/counters.h>
#include <tollgate/abi/event.h>
#include <tollgate/abi/flow.h>
#include <tollgate/abi/limits.h>
#include <tollgate/abi/policy.h>
#include <tollgate/abi/report.h>
#include <tollgate/abi/service.h>
#include <tollgate/abi/trace.h>
#include <tollgate/abi/tunnel.h>

#include "dns_state.h"
#include "passage.h"

/** What BLAKE2s works on. */
struct mac_scratch {
    __u32 state[TG_BLAKE2S_STATE_WORDS];
    __u32 block[TG_BLAKE2S_BLOCK_WORDS];
};

#define MAP(map_type, key_type, value_type, entries) \
    __uint(type, map_type);                          \
    __type(key, key_type);                           \
    __type(value, value_type);                       \
    __uint(max_entries, entries)

/* Of inner maps clang 14 emits no types, only sizes can be told. */
#define INNER_MAP(map_type, key_type, value_type) \
    __uint(type, map_type);                       \
    __uint(key_size, sizeof(key_type));           \
    __uint(value_size, sizeof(value_type));       \
    __uint(max_entries, 1)

/* --- The policy: the agent writes, the data path reads. ------------------------------------------
 */

struct {
    MAP(BPF_MAP_TYPE_ARRAY, __u32, struct tg_control, 1);
} control SEC(".maps");

struct {
    MAP(BPF_MAP_TYPE_ARRAY, __u32, struct tg_generation, TG_SLOTS);
} generations SEC(".maps");

struct {
    MAP(BPF_MAP_TYPE_ARRAY, __u32, struct tg_port_classes, TG_SLOTS *TG_PORTS_PER_SLOT / 4);
} port_classes SEC(".maps");

struct {
    MAP(BPF_MAP_TYPE_ARRAY, __u32, struct tg_port_rule, TG_SLOTS *TG_PORT_CLASSES_MAX);
} port_rules SEC(".maps");

struct {
    MAP(BPF_MAP_TYPE_ARRAY, __u32, struct tg_rule, TG_SLOTS *TG_RULES_MAX);
} rules SEC(".maps");

/* Index: see TG_ADDRESS_FILTER_WORDS. */
struct {
    MAP(BPF_MAP_TYPE_ARRAY, __u32, __u64, TG_SLOTS * 2 * TG_ADDRESS_FILTER_WORDS);
} address_filter SEC(".maps");

/* One inner map per slot, made by the agent with as many entries as it needs and the same flags. */
struct host_classes {
    INNER_MAP(BPF_MAP_TYPE_HASH, struct address, __u32);
};
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __type(key, __u32);
    __uint(max_entries, TG_SLOTS);
    __array(values, struct host_classes);
} hosts SEC(".maps");

struct prefix_classes {
    INNER_MAP(BPF_MAP_TYPE_LPM_TRIE, struct tg_prefix_key, __u32);
    __uint(map_flags, BPF_F_NO_PREALLOC);
};
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __type(key, __u32);
    __uint(max_entries, TG_SLOTS);
    __array(values, struct prefix_classes);
} prefixes SEC(".maps");

struct mac_classes {
    INNER_MAP(BPF_MAP_TYPE_HASH, struct tg_mac_key, __u32);
};
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __type(key, __u32);
    __uint(max_entries, TG_SLOTS);
    __array(values, struct mac_classes);
} macs SEC(".maps");

struct peer_classes {
    INNER_MAP(BPF_MAP_TYPE_HASH, struct tg_peer_name, __u32);
};
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __type(key, __u32);
    __uint(max_entries, TG_SLOTS);
    __array(values, struct peer_classes);
} peers SEC(".maps");

/* Key: tg_resolved_name.pattern. */
struct name_classes {
    INNER_MAP(BPF_MAP_TYPE_HASH, __u64, __u32);
};
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __type(key, __u32);
    __uint(max_entries, TG_SLOTS);
    __array(values, struct name_classes);
} names SEC(".maps");

struct {
    MAP(BPF_MAP_TYPE_ARRAY, __u32, struct tg_name_key, 1);
} name_key SEC(".maps");

/* Value: the rule. */
struct class_verdicts {
    INNER_MAP(BPF_MAP_TYPE_HASH, struct tg_verdict_key, __u32);
};
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __type(key, __u32);
    __uint(max_entries, TG_SLOTS);
    __array(values, struct class_verdicts);
} verdicts SEC(".maps");

/* The value says nothing. */
struct {
    MAP(BPF_MAP_TYPE_LPM_TRIE, struct tg_prefix_key, __u32, TG_BLOCKLIST_MAX);
    __uint(map_flags, BPF_F_NO_PREALLOC);
} blocklist SEC(".maps");

/* --- Tunnels: the agent writes, the data path reads. ---------------------------------------------
 */

struct {
    MAP(BPF_MAP_TYPE_ARRAY, __u32, __u64, TG_TUNNEL_PORT_WORDS);
} tunnel_ports SEC(".maps");

/* Key: the port, host order. */
struct {
    MAP(BPF_MAP_TYPE_HASH, __u32, struct tg_tunnel, TG_TUNNELS_MAX);
} tunnels SEC(".maps");

/* Value: an index of `receiver_slots`. */
struct {
    MAP(BPF_MAP_TYPE_HASH, struct tg_receiver_key, __u32, TG_RECEIVERS_MAX);
    __uint(map_flags, BPF_F_NO_PREALLOC);
} receivers SEC(".maps");

/* Value: when the next initiation is due that needs no cookie. */
struct {
    MAP(BPF_MAP_TYPE_HASH, struct tg_peer_source, __u64, TG_PEER_SOURCES_MAX);
    __uint(map_flags, BPF_F_NO_PREALLOC);
} peer_sources SEC(".maps");

/* Mapped into the agent's memory. */
struct {
    MAP(BPF_MAP_TYPE_ARRAY, __u32, struct tg_receiver, TG_RECEIVERS_MAX);
    __uint(map_flags, BPF_F_MMAPABLE);
} receiver_slots SEC(".maps");

struct {
    MAP(BPF_MAP_TYPE_LPM_TRIE,
        struct tg_peer_prefix_key,
        struct tg_peer_name,
        TG_PEER_ADDRESSES_MAX);
    __uint(map_flags, BPF_F_NO_PREALLOC);
} peer_addresses SEC(".maps");

/* When `peer_addresses` last changed, CLOCK_BOOTTIME: older verdicts are void. Index: zone. */
struct {
    MAP(BPF_MAP_TYPE_ARRAY, __u32, __u64, TG_ZONES_MAX);
} peers_changed SEC(".maps");

/* AF_XDP sockets of the agent; the kernel removes those that are closed. Index: TG_TUNNEL_SOCKET.
 */
struct {
    MAP(BPF_MAP_TYPE_XSKMAP, __u32, __u32, TG_TUNNEL_SOCKETS_MAX);
} tunnel_sockets SEC(".maps");

/* --- State: the data path writes, the agent reads (and seeds after a reboot).
 * --------------------- */

struct {
    MAP(BPF_MAP_TYPE_LRU_HASH, struct tg_flow_key, struct tg_flow, TG_FLOWS_MAX);
} flows SEC(".maps");

struct {
    MAP(BPF_MAP_TYPE_LRU_HASH, struct tg_flow_key, struct tg_flow, TG_EMBRYOS_MAX);
} embryos SEC(".maps");

/* Index: a UDP port, host order; 1: the protected side has opened flows from it, or a tunnel of
 * ours has listened there. What comes to another port that no rule opens belongs to neither, and is
 * dropped without a look at `flows` and `tunnel_ports`. Whoever inserts into `flows` a UDP flow
 * with TG_FLOW_LOCAL_INITIATED, or marks a port in `tunnel_ports`, sets it here first. Never
 * cleared. */
struct {
    MAP(BPF_MAP_TYPE_ARRAY, __u32, __u8, 65536);
} local_ports SEC(".maps");

struct {
    MAP(BPF_MAP_TYPE_LRU_HASH, struct tg_fragment_key, struct tg_fragment, TG_FRAGMENTS_MAX);
} fragments SEC(".maps");

struct {
    MAP(BPF_MAP_TYPE_HASH, struct tg_service_key, struct tg_service, TG_SERVICES_MAX);
    __uint(map_flags, BPF_F_NO_PREALLOC);
} services SEC(".maps");

/* Held while a new flow of a known service is counted. One for all: that is seldom, and short. */
struct service_lock {
    struct bpf_spin_lock lock;
};
struct {
    MAP(BPF_MAP_TYPE_ARRAY, __u32, struct service_lock, 1);
} service_lock SEC(".maps");

/* Key: the remote address. */
struct {
    MAP(BPF_MAP_TYPE_LRU_HASH, struct address, struct tg_resolved, TG_RESOLVED_MAX);
} resolved SEC(".maps");

struct {
    MAP(BPF_MAP_TYPE_LRU_HASH, struct dns_query_key, struct dns_query, TG_DNS_QUERIES_MAX);
} dns_queries SEC(".maps");

/* Value: when the next initiation is due. */
struct {
    MAP(BPF_MAP_TYPE_LRU_HASH, struct tg_initiator, __u64, TG_INITIATORS_MAX);
} initiators SEC(".maps");

struct {
    MAP(BPF_MAP_TYPE_LRU_HASH, struct tg_initiation_key, __u8, TG_INITIATIONS_MAX);
} initiations SEC(".maps");

/* When the next initiation that asks for a cookie is due. Index: tg_tunnel.number. */
struct {
    MAP(BPF_MAP_TYPE_ARRAY, __u32, __u64, TG_TUNNELS_MAX);
} cookie_due SEC(".maps");

/* When the computing time that MACs have taken is earned. Index: TG_MAC_DUE. */
struct {
    MAP(BPF_MAP_TYPE_ARRAY, __u32, __u64, TG_MAC_DUE(TG_TUNNELS_MAX, 0));
} mac_due SEC(".maps");

/* When the next packet and the next new flow of a rule are due. Index: as `rules`. */
struct rule_limit {
    struct bpf_spin_lock lock;
    __u32 reserved;
    __u64 packet_due_ns;
    __u64 flow_due_ns;
};
struct {
    MAP(BPF_MAP_TYPE_ARRAY, __u32, struct rule_limit, TG_SLOTS *TG_RULES_MAX);
} rule_limits SEC(".maps");

/* --- Reports: the data path writes, the agent reads.
 * ------------------------------------------------ */

struct {
    MAP(BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct tg_rule_counters, TG_SLOTS *TG_RULES_MAX);
} rule_counters SEC(".maps");

struct {
    MAP(BPF_MAP_TYPE_PERCPU_ARRAY,
        __u32,
        struct tg_interface_counters,
        TG_ZONES_MAX *TG_DIRECTIONS);
} interface_counters SEC(".maps");

struct {
    MAP(BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct tg_gate_counters, 1);
} gate_counters SEC(".maps");

struct {
    MAP(BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct tg_table_counters, TG_FLOW_TABLES);
} table_counters SEC(".maps");

struct {
    MAP(BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct tg_report, TG_REPORTS_MAX);
} reports SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, TG_EVENTS_BYTES);
} events SEC(".maps");

struct {
    MAP(BPF_MAP_TYPE_ARRAY, __u32, struct tg_trace, 1);
} traces SEC(".maps");

/* --- Private to the programs of one interface.
 * ------------------------------------------------------ */

struct {
    MAP(BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct passage, 1);
} xdp_passage SEC(".maps");

struct {
    MAP(BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct passage, 1);
} tc_passage SEC(".maps");

struct {
    MAP(BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct dns_scratch, 1);
} dns_scratch SEC(".maps");

struct {
    MAP(BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct mac_scratch, 1);
} mac_scratch SEC(".maps");

/** Puts an entry where none has its key. Before Linux 6.4 an update that the JIT has compiled in
 *  leaves the upper half of its result zero: as a long it would be no negative number.
 *  @return -EEXIST: there is one; -E2BIG, …: it cannot be */
TG_INLINE int insert_entry(void *map, const void *key, const void *value) {
    return (int)bpf_map_update_elem(map, key, value, BPF_NOEXIST);
}

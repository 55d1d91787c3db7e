/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What the data path counts. All maps here are per CPU: the sum over CPUs is the value. */
#pragma once

#include <linux/types.h>

#include <tollgate/abi/drop_reason.h>
#include <tollgate/abi/flow.h>
#include <tollgate/abi/size.h>

/** Map `interface_counters`, index: zone * TG_DIRECTIONS + direction. Every frame is counted once:
 *  received = passed_packets + the sum of drops. */
struct tg_interface_counters {
    __u64 passed_packets;
    __u64 passed_bytes;
    __u64 dropped_bytes;
    __u64 drops[TG_DROP_REASON_COUNT];
    __u64 would_drop[TG_DROP_REASON_COUNT]; /* of the passed packets: what enforce would drop */
};

/** Map `rule_counters`, index: slot * TG_RULES_MAX + rule. Deny rules count what they dropped. */
struct tg_rule_counters {
    __u64 packets;
    __u64 bytes;
};

/** Map `gate_counters`, one entry. */
struct tg_gate_counters {
    __u64 flows_created;
    __u64 embryos_created;
    __u64 flows_promoted;     /* embryo to flow */
    __u64 services_full;      /* new services that `services` had no room for */
    __u64 resolved_addresses; /* admitted by a DNS answer */
    __u64 dns_unsolicited;    /* answers without a query of ours: read by nobody */
    __u64 dns_malformed;      /* answers that could not be read to their end */
    __u64 map_errors;         /* updates that the kernel refused */
    __u64 events_sent;
    __u64 events_lost;      /* the ring was full */
    __u64 drops_reported;   /* dropped packets that events account for */
    __u64 drops_unreported; /* dropped packets over the event rate, or in a lost event */
};

/** The tables of flows, as indices of the map `table_counters`. */
enum tg_flow_table { TG_TABLE_FLOWS, TG_TABLE_EMBRYOS, TG_FLOW_TABLES };

/** Map `table_counters`: what came and went otherwise than by the kernel's own choice. What is
 * missing in a table, added - removed - entries, was thrown out of it when it was full. */
struct tg_table_counters {
    __u64 added;   /* entries with a key that the table did not have */
    __u64 removed; /* entries that were deleted */
};

TG_SIZE(tg_rule_counters, 16);
TG_SIZE(tg_table_counters, 16);
TG_SIZE(tg_gate_counters, 96);

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* How drops become events: which are told one by one, which together, which only counted. */
#pragma once

#include <linux/types.h>

#include <tollgate/abi/event.h>
#include <tollgate/abi/limits.h>
#include <tollgate/abi/size.h>

#define TG_REPORTS_MAX 64                      /* kinds of drops that one CPU gathers at a time */
#define TG_REPORT_NS TG_SECOND                 /* drops of one kind within it make one event */
#define TG_EVENT_INTERVAL_NS (TG_SECOND / 200) /* events per second of one CPU and hook … */
#define TG_EVENT_BURST_NS TG_SECOND            /* … 200 of them at once */

/**
 * Map `reports` (per CPU): the drops of one kind, {remote, local port, protocol, zone, direction,
 * reason, would_drop}, since its last event. Dropped packets are counted exactly:
 *
 *   drops = drops_reported + drops_unreported + the sum of `pending` (of reports without
 * would_drop)
 *
 * `pending` is told with the next event of its kind, or when another kind needs the entry. Until
 * then the agent reads it: after TG_REPORT_NS an entry changes only when it is sent.
 */
struct tg_report {
    __u64 since_ns; /* of the last event, CLOCK_BOOTTIME; 0: the entry is unused */
    __u64 pending;  /* packets since then */
    struct tg_event event;
};

TG_SIZE(tg_report, 96);

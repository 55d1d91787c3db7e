/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#pragma once

#include <bpf/bpf_helpers.h>

#include "passage.h"

/** CLOCK_BOOTTIME at the resolution of a tick: reading the real clock costs as much as two map
 *  lookups, and bpf_ktime_get_coarse_ns is younger than the oldest kernel we load on. */
TG_INLINE __u64 read_clock(struct passage *passage) {
    const __u64 jiffies = bpf_jiffies64();

    if (passage->jiffies != jiffies) {
        passage->jiffies = jiffies;
        passage->now_ns = bpf_ktime_get_boot_ns();
    }
    return passage->now_ns;
}

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#pragma once

#include <linux/types.h>

#include <tollgate/abi/size.h>

/** What one packet met in a program that was loaded with `dry_run`: map `traces`, a single entry,
 *  written anew for every packet. */
struct tg_trace {
    __u32 rule; /* that decided; 0: none */
    __u32 generation;
    __u32 remote_class; /* of the remote address; 0: none, or not looked up */
    __u16 port_class;   /* 0: no rule opens the service, or not looked up */
    __u8 passed;
    __u8 stage;  /* enum tg_stage */
    __u8 reason; /* enum tg_drop_reason; also of a would-drop */
    __u8 would_drop;
    __u8 flow_hit;
    __u8 reserved;
};

TG_SIZE(tg_trace, 20);

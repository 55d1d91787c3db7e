/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#pragma once

#include <linux/types.h>

#include <tollgate/abi/flow.h>
#include <tollgate/abi/size.h>

/**
 * A service as the learner sees it: who talks to whom about what, without ephemeral ports. Key of
 * the map `services`, written once per service in the stages learn and audit: for a flow that the
 * protected side opens, when it is opened; for a flow that the remote side opens, when the
 * protected side answers (TCP: with a SYN-ACK).
 */
struct tg_service_key {
    __u8 remote[16];
    __u8 local[16]; /* only if multicast or broadcast, otherwise zero */
    __be16 port;    /* the responder's; ICMP and ICMPv6: the type; other protocols: zero */
    __u8 protocol;  /* IPPROTO_* */
    __u8 direction; /* enum tg_direction of the first packet */
    __u8 zone;
    __u8 reserved[3];
};

struct tg_service {
    __u64 first_seen_ns; /* CLOCK_BOOTTIME */
    __u64 last_seen_ns;  /* of the last new flow */
    __u64 flows;
    __u8 answered;
    __u8 remote_mac[6];
    __u8 reserved;
};

TG_SIZE(tg_service_key, 40);
TG_SIZE(tg_service, 32);

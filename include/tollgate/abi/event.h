/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Records of the ring buffer `events`, data path to agent. Each begins with tg_event. */
#pragma once

#include <linux/types.h>

#include <tollgate/abi/flow.h>
#include <tollgate/abi/limits.h>
#include <tollgate/abi/size.h>

enum tg_event_type {
    TG_EVENT_DROP = 1,        /* struct tg_event: packets dropped, or that enforce would drop */
    TG_EVENT_NEW_SERVICE = 2, /* struct tg_event: first flow of a service, see abi/service.h */
    TG_EVENT_NEW_FLOW = 3,    /* struct tg_event: under a rule with TG_RULE_LOG */
    TG_EVENT_DNS_ANSWER = 4,  /* struct tg_event_dns: an answer to a query of this host */
};

/** 80 bytes. */
struct tg_event {
    __u64 time_ns; /* CLOCK_BOOTTIME */
    __u64 packets; /* drop: how many this record stands for; otherwise 1 */
    struct tg_flow_key key;
    __u32 rule; /* 0: none */
    __u32 generation;
    __u8 type;       /* enum tg_event_type */
    __u8 direction;  /* enum tg_direction: of the packet; new service: of its flow's first packet */
    __u8 reason;     /* enum tg_drop_reason */
    __u8 would_drop; /* 1: passed because of the stage */
    __u8 tcp_flags;
    __u8 icmp_type; /* of the packet; new service: of its flow's first packet */
    __u8 remote_mac[6];
    __u8 reserved[4];
};

struct tg_event_dns {
    struct tg_event event;            /* key: the flow to the resolver */
    __u32 size;                       /* bytes of `message` that count */
    __u8 message[TG_DNS_MESSAGE_MAX]; /* the DNS message, from its header on */
};

TG_SIZE(tg_event, 80);
TG_SIZE(tg_event_dns, 80 + 4 + TG_DNS_MESSAGE_MAX + 4);

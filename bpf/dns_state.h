/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What the DNS programs remember. */
#pragma once

#include <linux/types.h>

#include <tollgate/abi/event.h>
#include <tollgate/abi/flow.h>
#include <tollgate/abi/limits.h>

/** A query of this host. No padding: a map key. */
struct dns_query_key {
    struct tg_flow_key flow;
    __be16 id;
    __u8 reserved[6];
};

struct dns_query {
    __u64 name; /* tg_name_hash of the question's name */
    __u64 expires_ns;
    __u32 type_and_class; /* as in the message, host order */
    __u32 reserved;
};

#define DNS_BUFFER_BYTES 2048 /* a power of two above TG_DNS_MESSAGE_MAX: offsets are masked */
#define DNS_LABELS_MAX 32     /* of a question: parents of deeper names match no wildcard */

/** The message that this CPU reads, out of the packet, so that offsets in it can be followed. */
struct dns_scratch {
    __u8 message[DNS_BUFFER_BYTES];
    __u32 size;                           /* bytes of `message` */
    __u32 next;                           /* offset behind the name that was read last */
    __u64 name;                           /* its hash */
    __u64 current;                        /* the question's name, or the last alias of it */
    __u64 patterns[TG_NAMES_PER_ADDRESS]; /* of the policy that the names match */
    __u32 patterns_used;
    __u32 labels; /* of the question's name */
    __u64 now_ns;
    struct tg_event_dns event;
    struct tg_resolved fresh;
};

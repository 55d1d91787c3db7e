/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What the DNS programs remember, and what they work on. */
#pragma once

#include <linux/types.h>

#include <tollgate/abi/event.h>
#include <tollgate/abi/flow.h>
#include <tollgate/abi/limits.h>
#include <tollgate/abi/policy.h>

struct address {
    __u8 bytes[16];
};

/** A query of this host. No padding: a map key. */
struct dns_query_key {
    struct tg_flow_key flow;
    __be16 id;
    __u8 reserved[6];
};

struct dns_query {
    __u64 name; /* hash of the question's name */
    __u64 expires_ns;
    __u32 type_and_class; /* of the question, host order */
    __u32 reserved;
};

#define DNS_LABELS_MAX 32 /* of a name whose parents are looked for among the wildcards */

/**
 * The message that this CPU reads, copied out of the packet so that offsets in it can be followed.
 * The functions that the verifier checks one by one share it: they can take nothing but numbers.
 */
struct dns_scratch {
    __u64 now_ns;
    __u64 name_key;                       /* of the map `name_key` */
    __u64 name;                           /* hash of the name that was read last */
    __u64 current;                        /* of the question's name, or of the last alias of it */
    __u64 patterns[TG_NAMES_PER_ADDRESS]; /* of the policy, that these names match; 0: unused */
    __u32 patterns_used;
    __u32 at;         /* offset: in read_name(), of the next byte */
    __u32 next;       /* offset behind the name that was read last; 0: not known yet */
    __u32 record;     /* offset of the next record */
    __u32 left;       /* bytes of the label that are still to come */
    __u32 wire_bytes; /* of the name */
    __u32 labels;
    __u16 label_at[DNS_LABELS_MAX];
    __u16 parent_at[DNS_LABELS_MAX];
    struct address address;
    struct tg_resolved fresh;
    struct tg_event_dns event; /* with the message */
};

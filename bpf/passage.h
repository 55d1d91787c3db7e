/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* One packet's passage through the gate: what its programs hand to each other. */
#pragma once

#include <linux/bpf.h>

#include <tollgate/abi/drop_reason.h>
#include <tollgate/abi/packet.h>
#include <tollgate/abi/policy.h>
#include <tollgate/abi/trace.h>
#include <tollgate/abi/wire.h>

#define unlikely(condition) __builtin_expect(!!(condition), 0)

/** The classes of the remote side: of its address, its station, which is its MAC address or, in a
 * tunnel, the peer, and each of its names. */
#define CANDIDATE_ADDRESS 0
#define CANDIDATE_STATION 1
#define CANDIDATE_NAMES 2
#define CANDIDATES (CANDIDATE_NAMES + TG_NAMES_PER_ADDRESS)

/** What the policy says about a packet in one direction. */
struct judgement {
    __u32 rule;  /* 0: the default action */
    __u8 reason; /* enum tg_drop_reason */
    __u8 reserved[3];
};

/**
 * The state of the packet that this CPU works on, kept across tail calls. XDP and TC have one each.
 * What loops and joins of the code depend on is here and not on the stack: the verifier tracks
 * values on the stack, and so follows every combination of them.
 */
struct passage {
    struct tg_packet packet;
    __u64 jiffies;                /* when now_ns was read */
    __u64 now_ns;                 /* CLOCK_BOOTTIME */
    __u64 report_due_ns;          /* token bucket of events, see event.h */
    __u32 slot;                   /* of the generation that applies */
    __u32 candidates[CANDIDATES]; /* 0: none */
    struct judgement judgements[TG_DIRECTIONS];
    __u32 best_rule;
    struct tg_flow_key quoted;
    __u32 tunnel; /* tg_tunnel.number, of a message that is plausible */
    struct tg_trace trace;
};

/** What is to happen to the packet. */
enum way {
    WAY_PASS,
    WAY_REFUSE, /* for gate.reason: dropped, or counted as would-drop, as the stage says */
    WAY_CLOSED, /* no rule can allow it, and the stage enforces that */
    WAY_SLOW,   /* the slow path decides */
    WAY_TUNNEL, /* the program of tunnels decides */
    WAY_BROKEN, /* a map that must have an entry has none: closed, whatever the stage */
};

/** The work on one packet, in one program. */
struct gate {
    struct tg_frame frame;
    struct passage *passage;
    struct tg_packet *packet; /* passage->packet */
    const struct tg_generation *generation;
    __u64 now;
    __u32 slot;
    __u32 rule;      /* that decided; 0: none */
    __u8 reason;     /* enum tg_drop_reason: why refused */
    __u8 would_drop; /* enum tg_drop_reason: passes, but only because of the stage */
    __u32 stage;     /* enum tg_stage */
    bool is_own;     /* on egress, in the slow path: a socket of this network namespace sent it */
};

TG_INLINE enum way refuse(struct gate *gate, enum tg_drop_reason reason) {
    gate->reason = reason;
    return WAY_REFUSE;
}

/** Whether `reason` drops in the packet's stage. */
TG_INLINE bool drops(const struct gate *gate, __u8 reason) {
    return gate->stage == TG_STAGE_ENFORCE || reason == TG_DROP_POLICY_DENY ||
           reason == TG_DROP_BLOCKLIST;
}

/** The stages that watch what a stricter one would do. */
TG_INLINE bool observes(const struct gate *gate) {
    return gate->stage == TG_STAGE_AUDIT || gate->stage == TG_STAGE_LEARN;
}

TG_INLINE bool is_ingress(const struct gate *gate) {
    return gate->frame.direction == TG_INGRESS;
}

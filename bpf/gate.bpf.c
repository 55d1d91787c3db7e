/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The gate. Every frame of a protected interface enters one of xdp_gate, tc_ingress (where XDP
 * cannot be attached, and in tunnels) and tc_egress, and leaves in one of these ways:
 *   pass   XDP_PASS, TC_ACT_UNSPEC (the next program, if any, has its say), XDP_REDIRECT (messages
 *          to a tunnel that takes them itself)
 *   drop   XDP_DROP, TC_ACT_SHOT
 * Both are counted in leave(), under the reason and the rule. docs/packet-path.md has the rules.
 *
 * The entry programs judge what is cheap; *_slow does the rest, *_tunnel judges what comes to our
 * tunnels, *_dns reads messages of packets that have passed already.
 */
#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "calls.h"
#include "dns.h"
#include "fast.h"
#include "leave.h"
#include "slow.h"
#include "tunnel.h"
#include "tunnel_socket.h"

#define HEADERS_BYTES 256 /* made readable before TC programs parse; longer headers are rare */

TG_INLINE bool enter(struct gate *gate, void *passages) {
    const __u32 only = 0;

    gate->passage = bpf_map_lookup_elem(passages, &only);
    if (!gate->passage)
        return false;
    gate->packet = &gate->passage->packet;
    return true;
}

/** Goes on in a tail-called program. @return false: the generation is gone */
TG_INLINE bool reenter(struct gate *gate) {
    gate->now = gate->passage->now_ns;
    gate->frame.bytes = gate->packet->frame_bytes;
    return reenter_generation(gate);
}

TG_INLINE enum way continue_slow(struct gate *gate) {
    return reenter(gate) ? slow(gate) : WAY_BROKEN;
}

TG_INLINE enum way continue_tunnel(struct gate *gate) {
    return reenter(gate) ? judge_to_tunnel(gate) : WAY_BROKEN;
}

/** Whether a packet that passed is a message from or to a resolver. */
TG_INLINE bool is_dns(const struct gate *gate) {
    return !dry_run && gate->packet->key.protocol == TG_PROTOCOL_UDP &&
           gate->packet->key.remote_port == bpf_htons(TG_PORT_DNS) &&
           !(gate->packet->flags & (TG_PACKET_FRAGMENT_FIRST | TG_PACKET_FRAGMENT_LATER));
}

TG_INLINE bool enter_xdp(struct gate *gate, const struct xdp_md *ctx) {
    gate->frame.data = (const void *)(long)ctx->data;
    gate->frame.end = (const void *)(long)ctx->data_end;
    gate->frame.bytes = ctx->data_end - ctx->data;
    gate->frame.direction = TG_INGRESS;
    return enter(gate, &xdp_passage);
}

SEC("xdp")
int xdp_gate(struct xdp_md *ctx) {
    struct gate gate = {};
    if (!enter_xdp(&gate, ctx))
        return XDP_DROP;

    enum way way = fast(&gate, TG_LINK_CLEAR, 0);
    if (way == WAY_SLOW) {
        bpf_tail_call(ctx, &xdp_calls, CALL_SLOW);
        way = WAY_BROKEN;
    } else if (way == WAY_TUNNEL) {
        bpf_tail_call(ctx, &xdp_calls, CALL_TUNNEL);
        way = WAY_BROKEN;
    }
    return leave(&gate, way) ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int xdp_slow(struct xdp_md *ctx) {
    struct gate gate = {};
    if (!enter_xdp(&gate, ctx))
        return XDP_DROP;

    if (!leave(&gate, continue_slow(&gate)))
        return XDP_DROP;
    if (is_dns(&gate))
        bpf_tail_call(ctx, &xdp_calls, CALL_DNS);
    return XDP_PASS;
}

SEC("xdp")
int xdp_tunnel(struct xdp_md *ctx) {
    struct gate gate = {};
    if (!enter_xdp(&gate, ctx))
        return XDP_DROP;

    const enum way way = continue_tunnel(&gate);
    if (!leave(&gate, way))
        return XDP_DROP;
    return way == WAY_PASS ? hand_over(&gate, ctx->rx_queue_index) : XDP_PASS;
}

SEC("xdp")
int xdp_dns(struct xdp_md *ctx) {
    struct gate gate = {};

    if (enter_xdp(&gate, ctx) && copy_message_xdp(&gate))
        read_answer(&gate);
    return XDP_PASS;
}

TG_INLINE bool enter_tc(struct gate *gate, const struct __sk_buff *ctx, __u8 direction) {
    gate->frame.data = (const void *)(long)ctx->data;
    gate->frame.end = (const void *)(long)ctx->data_end;
    gate->frame.bytes = ctx->len;
    gate->frame.direction = direction;
    return enter(gate, &tc_passage);
}

TG_INLINE int judge_tc(struct __sk_buff *ctx, __u8 direction) {
    struct gate gate = {};
    const __u32 headers = ctx->len < HEADERS_BYTES ? ctx->len : HEADERS_BYTES;

    if (ctx->data_end - ctx->data < headers)
        bpf_skb_pull_data(ctx, headers); /* if it fails, the parser finds the headers truncated */
    if (!enter_tc(&gate, ctx, direction))
        return TC_ACT_SHOT;

    enum way way = fast(&gate, link, ctx->vlan_present);
    if (way == WAY_SLOW) {
        bpf_tail_call(ctx, &tc_calls, direction == TG_EGRESS ? CALL_SLOW : CALL_INGRESS_SLOW);
        way = WAY_BROKEN;
    } else if (direction == TG_INGRESS && way == WAY_TUNNEL) {
        bpf_tail_call(ctx, &tc_calls, CALL_TUNNEL);
        way = WAY_BROKEN;
    }
    return leave(&gate, way) ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

TG_INLINE int judge_tc_slowly(struct __sk_buff *ctx, __u8 direction) {
    struct gate gate = {};
    if (!enter_tc(&gate, ctx, direction))
        return TC_ACT_SHOT;

    gate.is_own = direction == TG_EGRESS && bpf_get_socket_cookie(ctx) != 0;
    if (!leave(&gate, continue_slow(&gate)))
        return TC_ACT_SHOT;
    if (is_dns(&gate))
        bpf_tail_call(ctx, &tc_calls, direction == TG_EGRESS ? CALL_DNS : CALL_INGRESS_DNS);
    return TC_ACT_UNSPEC;
}

SEC("tc")
int tc_egress(struct __sk_buff *ctx) {
    return judge_tc(ctx, TG_EGRESS);
}

SEC("tc")
int tc_egress_slow(struct __sk_buff *ctx) {
    return judge_tc_slowly(ctx, TG_EGRESS);
}

SEC("tc")
int tc_egress_dns(struct __sk_buff *ctx) {
    struct gate gate = {};

    if (enter_tc(&gate, ctx, TG_EGRESS) && copy_message_tc(&gate, ctx))
        read_query(&gate);
    return TC_ACT_UNSPEC;
}

SEC("tc")
int tc_ingress(struct __sk_buff *ctx) {
    return judge_tc(ctx, TG_INGRESS);
}

SEC("tc")
int tc_ingress_slow(struct __sk_buff *ctx) {
    return judge_tc_slowly(ctx, TG_INGRESS);
}

SEC("tc")
int tc_ingress_tunnel(struct __sk_buff *ctx) {
    struct gate gate = {};

    return enter_tc(&gate, ctx, TG_INGRESS) && leave(&gate, continue_tunnel(&gate)) ? TC_ACT_UNSPEC
                                                                                    : TC_ACT_SHOT;
}

SEC("tc")
int tc_ingress_dns(struct __sk_buff *ctx) {
    struct gate gate = {};

    if (enter_tc(&gate, ctx, TG_INGRESS) && copy_message_tc(&gate, ctx))
        read_answer(&gate);
    return TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Tail calls. libbpf fills the arrays when it has loaded the programs. */
#pragma once

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

enum call {
    CALL_SLOW,
    CALL_DNS,
    CALL_INGRESS_SLOW, /* TC only: CALL_SLOW and CALL_DNS are egress there */
    CALL_INGRESS_DNS,
    CALL_TUNNEL, /* of ingress, in both */
    CALLS
};

int xdp_slow(struct xdp_md *ctx);
int xdp_dns(struct xdp_md *ctx);
int xdp_tunnel(struct xdp_md *ctx);
int tc_egress_slow(struct __sk_buff *ctx);
int tc_egress_dns(struct __sk_buff *ctx);
int tc_ingress_slow(struct __sk_buff *ctx);
int tc_ingress_dns(struct __sk_buff *ctx);
int tc_ingress_tunnel(struct __sk_buff *ctx);

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, CALLS);
    __uint(key_size, sizeof(__u32));
    __array(values, int(void *));
} xdp_calls SEC(".maps") = {
    .values = {[CALL_SLOW] = (void *)&xdp_slow,
               [CALL_DNS] = (void *)&xdp_dns,
               [CALL_TUNNEL] = (void *)&xdp_tunnel},
};

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, CALLS);
    __uint(key_size, sizeof(__u32));
    __array(values, int(void *));
} tc_calls SEC(".maps") = {
    .values = {[CALL_SLOW] = (void *)&tc_egress_slow,
               [CALL_DNS] = (void *)&tc_egress_dns,
               [CALL_INGRESS_SLOW] = (void *)&tc_ingress_slow,
               [CALL_INGRESS_DNS] = (void *)&tc_ingress_dns,
               [CALL_TUNNEL] = (void *)&tc_ingress_tunnel},
};

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Traffic for bench/. `flood` and `flood_shapes` are run with live frames: each run gives the frame
 * another source address and sends it out of the interface. `flood` is for the frame of its caller
 * (Ethernet, IPv4 without options, UDP without checksum), `flood_shapes` for several that are not
 * alike. `bare_drop` is the yardstick: the least that an XDP program can do. */
#include "flood.h"

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <bpf/bpf_helpers.h>

#include "flood_shape.h"

__u64 sources = 0;           /* how many different 5-tuples; 0: no limit */
const volatile int stay = 0; /* 1: frames are made and not sent: what making them costs */

struct flood_shape shapes[FLOOD_SHAPES_MAX]; /* written before the first run */
const volatile __u32 shape_count = 1;
__u32 next_shape; /* one CPU only */

static __always_inline int leave(void) {
    return stay ? XDP_DROP : XDP_TX;
}

SEC("xdp")
int flood(struct xdp_md* context) {
    void* end = (void*)(long)context->data_end;
    struct ethhdr* ethernet = (void*)(long)context->data;
    struct iphdr* ip = (void*)(ethernet + 1);
    struct udphdr* udp = (void*)(ip + 1);
    __u64 random = next_random();

    if ((void*)(udp + 1) > end)
        return XDP_ABORTED;
    if (sources)
        random = random % sources * 0x9e3779b97f4a7c15ULL;
    ip->saddr = unicast(random >> 32);
    ip->check = header_checksum(ip);
    udp->source = bpf_htons((random & 0x7fff) | 0x8000);
    return leave();
}

static __always_inline void set_ipv4_source(struct iphdr* ip, __u32 random) {
    ip->saddr = unicast(random);
    ip->check = header_checksum(ip);
}

static __always_inline void set_ipv6_source(struct ipv6hdr* ip, __u32 random) {
    ip->saddr.in6_u.u6_addr32[3] = random;
}

/* The kernel gives a page back to its pool as it was sent: it is written once and then keeps its
 * shape. */
static __always_inline void write_shape(__u64* frame) {
    const struct flood_shape* shape = &shapes[next_shape % FLOOD_SHAPES_MAX];

    next_shape = next_shape + 1 < shape_count ? next_shape + 1 : 0;
#pragma unroll
    for (int i = 0; i < FLOOD_SHAPE_BYTES / 8; i++)
        frame[i] = shape->words[i];
}

SEC("xdp")
int flood_shapes(struct xdp_md* context) {
    void* end = (void*)(long)context->data_end;
    void* frame = (void*)(long)context->data;
    struct ethhdr* ethernet = frame;
    const __u32 random = next_random() >> 32;

    if (frame + FLOOD_SHAPE_BYTES > end)
        return XDP_ABORTED;
    if (!ethernet->h_proto)
        write_shape(frame);
    switch (ethernet->h_source[4]) {
        case FLOOD_IPV4_AT_14:
            set_ipv4_source(frame + 14, random);
            break;
        case FLOOD_IPV4_AT_22:
            set_ipv4_source(frame + 22, random);
            break;
        case FLOOD_IPV4_AT_30:
            set_ipv4_source(frame + 30, random);
            break;
        case FLOOD_IPV6_AT_14:
            set_ipv6_source(frame + 14, random);
            break;
        default:
            set_ipv6_source(frame + 22, random);
    }
    return leave();
}

SEC("xdp")
int bare_drop(struct xdp_md* context) {
    (void)context;
    return XDP_DROP;
}

/* The same beside other traffic: drops UDP over IPv4, of whatever port. */
SEC("xdp")
int bare_drop_udp(struct xdp_md* context) {
    void* end = (void*)(long)context->data_end;
    struct ethhdr* ethernet = (void*)(long)context->data;
    struct iphdr* ip = (void*)(ethernet + 1);

    if ((void*)(ip + 1) > end || ethernet->h_proto != bpf_htons(ETH_P_IP))
        return XDP_PASS;
    return ip->protocol == IPPROTO_UDP ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int bare_pass(struct xdp_md* context) {
    (void)context;
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";

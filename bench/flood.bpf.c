/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Traffic for bench/. `flood` is run with live frames: each run gives the frame of the caller
 * (Ethernet, IPv4 without options, UDP without checksum) another source address and port and sends
 * it out of the interface; it never drops. `bare_drop` is the yardstick: the least that an XDP
 * program can do. */
#include "flood.h"

#include <linux/if_ether.h>
#include <linux/udp.h>

#include <bpf/bpf_helpers.h>

__u64 sources = 0; /* how many different 5-tuples; 0: no limit */

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
    return XDP_TX;
}

SEC("xdp")
int bare_drop(struct xdp_md* context) {
    (void)context;
    return XDP_DROP;
}

SEC("xdp")
int bare_pass(struct xdp_md* context) {
    (void)context;
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";

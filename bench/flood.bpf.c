/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Traffic for bench/. `flood` is run with live frames: each run gives the frame of the caller
 * (Ethernet, IPv4 without options, UDP without checksum) another source address and port and sends
 * it out of the interface; it never drops. `bare_drop` is the yardstick: the least that an XDP
 * program can do. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

__u64 random_state = 0x9e3779b97f4a7c15ULL; /* one CPU only; never 0 */
__u64 sources = 0;                          /* how many different 5-tuples; 0: no limit */

static __u64 next_random(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* 1.0.0.0 to 126.255.255.255: no martian among them. */
static __be32 unicast(__u32 random) {
    __u32 first = (random >> 24) % 126 + 1;

    return bpf_htonl(first << 24 | (random & 0xffffff));
}

/* RFC 1071. A wrong sum would make the stack drop the frame before any firewall sees it. */
static __u16 header_checksum(const struct iphdr* ip) {
    const __u16* word = (const __u16*)ip;
    __u32 sum = 0;

#pragma unroll
    for (int i = 0; i < 10; i++)
        sum += i == 5 ? 0 : word[i];
    sum = (sum & 0xffff) + (sum >> 16);
    return ~((sum & 0xffff) + (sum >> 16));
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

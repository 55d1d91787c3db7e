/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Random sources for frames of Ethernet and IPv4 without options. */
#pragma once

#include <linux/bpf.h>
#include <linux/ip.h>

#include <bpf/bpf_endian.h>

__u64 random_state = 0x9e3779b97f4a7c15ULL; /* one CPU only; never 0 */

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

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Chooses the queue of a tunnel's TUN device for each packet of the host (TUNSETSTEERINGEBPF): that
 * of the thread which owns the peer. A packet leaves it with
 *   n   the value of the longest prefix in `queues` that holds its destination
 *   0   if there is none, or it is no IP packet: the first thread tells the host so
 * The packet begins with its IP header, as TUN devices have no other.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include <tollgate/abi/limits.h>
#include <tollgate/abi/policy.h>

#define IPV4_DESTINATION 16
#define IPV6_DESTINATION 24

/* Queues by inner address. Written by the agent, with the peers' allowed IPs. */
struct {
    __uint(type, BPF_MAP_TYPE_LPM_TRIE);
    __type(key, struct tg_prefix_key);
    __type(value, __u32);
    __uint(max_entries, TG_PEER_ADDRESSES_MAX);
    __uint(map_flags, BPF_F_NO_PREALLOC);
} queues SEC(".maps");

SEC("socket")
int tunnel_queue(struct __sk_buff *skb) {
    struct tg_prefix_key key = {.length = 8 * sizeof(key.address)};
    const __u32 *queue;
    __u8 version;

    if (bpf_skb_load_bytes(skb, 0, &version, sizeof(version)))
        return 0;
    if (version >> 4 == 4) {
        key.address[10] = 0xff;
        key.address[11] = 0xff;
        if (bpf_skb_load_bytes(skb, IPV4_DESTINATION, &key.address[12], 4))
            return 0;
    } else if (bpf_skb_load_bytes(skb, IPV6_DESTINATION, key.address, sizeof(key.address))) {
        return 0;
    }
    queue = bpf_map_lookup_elem(&queues, &key);
    return queue ? *queue : 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";

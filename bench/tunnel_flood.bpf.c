/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* A flood of WireGuard messages, run with live frames: each run gives the frame of the caller
 * (Ethernet, IPv4 without options, UDP without checksum, 148 bytes) another source and another
 * content, and sends it out of the interface; it never drops. */
#include "tunnel_flood.h"

#include <linux/if_ether.h>
#include <linux/udp.h>

#include <bpf/bpf_helpers.h>

#include <tollgate/abi/wireguard.h>

#include "flood.h"

const volatile __u32 kind = FLOOD_JUNK; /* enum flood_kind */

/* Written before the first run. A message comes again when all others were sent. */
struct flood_initiation pool[FLOOD_POOL];
__u32 next; /* one CPU only */

static __always_inline void write_message(struct tg_wg_initiation* message, __u64 random) {
    switch (kind) {
        case FLOOD_INDEX:
            message->type = TG_WG_DATA;
            ((struct tg_wg_data*)message)->receiver_index = (__u32)random;
            break;
        case FLOOD_MAC1: {
            const struct flood_initiation* ready = &pool[next++ % FLOOD_POOL];

            message->type = TG_WG_INITIATION;
            *(__u64*)message->ephemeral = ready->ephemeral;
            __builtin_memcpy(message->mac1, ready->mac1, TG_WG_MAC_BYTES);
            break;
        }
        case FLOOD_BAD_MAC1:
            message->type = TG_WG_INITIATION;
            *(__u64*)message->mac1 = random;
            break;
        default:
            *(__u64*)message = random;
    }
}

SEC("xdp")
int tunnel_flood(struct xdp_md* context) {
    void* end = (void*)(long)context->data_end;
    struct ethhdr* ethernet = (void*)(long)context->data;
    struct iphdr* ip = (void*)(ethernet + 1);
    struct udphdr* udp = (void*)(ip + 1);
    struct tg_wg_initiation* message = (void*)(udp + 1);
    const __u64 random = next_random();

    if ((void*)(message + 1) > end)
        return XDP_ABORTED;
    ip->saddr = unicast(random >> 32);
    ip->check = header_checksum(ip);
    udp->source = bpf_htons((random & 0x7fff) | 0x8000);
    write_message(message, next_random());
    return XDP_TX;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";

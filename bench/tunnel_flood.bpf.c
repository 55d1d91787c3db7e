/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* A flood of WireGuard messages, run with live frames: each run gives the frame of the caller
 * (Ethernet, IPv4 without options, UDP without checksum, 148 bytes) another source and another
 * content, and sends it out of the interface; it never drops. */
#include "tunnel_flood.h"

#include <linux/if_ether.h>
#include <linux/udp.h>

#include <bpf/bpf_helpers.h>

#include <tollgate/abi/blake2s.h>
#include <tollgate/abi/wireguard.h>

#include "flood.h"

#define MAC1_COVERS (sizeof(struct tg_wg_initiation) - 2 * TG_WG_MAC_BYTES)

const volatile __u32 kind = FLOOD_JUNK;                  /* enum flood_kind */
const volatile __u32 mac1_state[TG_BLAKE2S_STATE_WORDS]; /* after the block of the key */

/* One CPU only. */
__u32 state[TG_BLAKE2S_STATE_WORDS];
__u32 block[TG_BLAKE2S_BLOCK_WORDS];

/* Global: the verifier looks at it once. */
__attribute__((noinline)) int compress(__u64 counter, __u32 final) {
    tg_blake2s_load(block);
    tg_blake2s_compress(state, block, counter, final);
    return 0;
}

static __always_inline void fill(const __u8* message, __u32 size) {
    for (__u32 i = 0; i < TG_BLAKE2S_BLOCK_WORDS; ++i)
        block[i] = 4 * i < size ? *(const __u32*)(message + 4 * i) : 0;
}

static __always_inline void write_mac1(struct tg_wg_initiation* message) {
    const __u8* bytes = (const __u8*)message;

    for (int i = 0; i < TG_BLAKE2S_STATE_WORDS; ++i)
        state[i] = mac1_state[i];
    fill(bytes, TG_BLAKE2S_BLOCK_BYTES);
    compress(2 * TG_BLAKE2S_BLOCK_BYTES, 0);
    fill(bytes + TG_BLAKE2S_BLOCK_BYTES, MAC1_COVERS - TG_BLAKE2S_BLOCK_BYTES);
    compress(TG_BLAKE2S_BLOCK_BYTES + MAC1_COVERS, 1);
    for (int i = 0; i < TG_WG_MAC_BYTES / 4; ++i)
        ((__u32*)message->mac1)[i] = state[i];
}

static __always_inline void write_message(struct tg_wg_initiation* message, __u64 random) {
    switch (kind) {
        case FLOOD_INDEX:
            message->type = TG_WG_DATA;
            ((struct tg_wg_data*)message)->receiver_index = (__u32)random;
            break;
        case FLOOD_MAC1:
        case FLOOD_BAD_MAC1:
            message->type = TG_WG_INITIATION;
            message->sender_index = (__u32)random;
            *(__u64*)message->ephemeral = random;
            if (kind == FLOOD_MAC1)
                write_mac1(message);
            else
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

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The packet that an ICMP error quotes: docs/packet-path.md, section 5. */
#pragma once

#include <linux/types.h>

#include <tollgate/abi/packet.h>
#include <tollgate/abi/parse_ipv4.h>
#include <tollgate/abi/parse_ipv6.h>
#include <tollgate/abi/parse_transport.h>
#include <tollgate/abi/protocol.h>
#include <tollgate/abi/wire.h>

#define TG_QUOTED_BYTES 8 /* of the quoted transport header (RFC 792) */

TG_C_BEGIN
/* NOLINTBEGIN: C, see TG_C_BEGIN */

/** True for the messages that quote a packet. */
TG_INLINE int tg_is_icmp_error(const struct tg_packet *packet) {
    if (packet->flags & TG_PACKET_FRAGMENT_LATER)
        return 0;
    if (packet->key.protocol == TG_PROTOCOL_ICMP)
        return packet->icmp_type == TG_ICMP_UNREACHABLE ||
               packet->icmp_type == TG_ICMP_TIME_EXCEEDED || packet->icmp_type == TG_ICMP_PARAMETER;
    return packet->key.protocol == TG_PROTOCOL_ICMPV6 &&
           packet->icmp_type >= TG_ICMPV6_UNREACHABLE && packet->icmp_type <= TG_ICMPV6_PARAMETER;
}

/** The quoted IPv4 header. @return the offset of its transport header, or 0 */
TG_INLINE __u32 tg_parse_quoted_ipv4(const struct tg_frame *frame,
                                     __u32 at,
                                     struct tg_flow_key *key) {
    const __u8 *ip = tg_bytes_at(frame, at, TG_IPV4_BYTES);
    const int ingress = frame->direction == TG_INGRESS;

    if (!ip || ip[0] >> 4 != 4 || (ip[0] & 0xf) * 4 < TG_IPV4_BYTES)
        return 0;
    if (tg_load_be16(ip + 6) & TG_IPV4_FRAGMENT_OFFSET)
        return 0;
    tg_copy_ipv4(key->local, ip + (ingress ? 12 : 16));
    tg_copy_ipv4(key->remote, ip + (ingress ? 16 : 12));
    key->protocol = ip[9];
    return at + (ip[0] & 0xf) * 4;
}

/** The quoted IPv6 header. @return the offset of its transport header, or 0 */
TG_INLINE __u32 tg_parse_quoted_ipv6(const struct tg_frame *frame,
                                     __u32 at,
                                     struct tg_flow_key *key) {
    const __u8 *ip = tg_bytes_at(frame, at, TG_IPV6_BYTES);
    const int ingress = frame->direction == TG_INGRESS;

    if (!ip || ip[0] >> 4 != 6)
        return 0;
    tg_copy_ipv6(key->local, ip + (ingress ? 8 : 24));
    tg_copy_ipv6(key->remote, ip + (ingress ? 24 : 8));
    key->protocol = ip[6];
    at += TG_IPV6_BYTES;
    if (key->protocol != TG_IPV6_FRAGMENT)
        return at;

    const __u8 *fragment = tg_bytes_at(frame, at, TG_IPV6_EXTENSION_BYTES);
    if (!fragment || tg_load_be16(fragment + 2) & TG_IPV6_FRAGMENT_OFFSET)
        return 0;
    key->protocol = fragment[0];
    return at + TG_IPV6_EXTENSION_BYTES;
}

/** @return false: ICMP other than echo, which has no flow */
TG_INLINE int tg_parse_quoted_ports(const struct tg_frame *frame,
                                    const __u8 *transport,
                                    struct tg_flow_key *key) {
    const int ingress = frame->direction == TG_INGRESS;

    if (key->protocol == TG_PROTOCOL_TCP || key->protocol == TG_PROTOCOL_UDP) {
        tg_copy2(&key->local_port, ingress ? transport : transport + 2);
        tg_copy2(&key->remote_port, ingress ? transport + 2 : transport);
    } else if (key->protocol == TG_PROTOCOL_ICMP || key->protocol == TG_PROTOCOL_ICMPV6) {
        if (!tg_is_echo(key->protocol, transport[0]))
            return 0;
        tg_copy2(&key->local_port, transport + 4);
        tg_copy2(&key->remote_port, transport + 4);
    }
    return 1;
}

/**
 * Reads the flow that an ICMP error is about. The quoted packet went the other way: on ingress its
 * source is the local side, and it is the address that the error was sent to.
 *
 * @param outer the error, parsed; its key.zone is copied
 * @param key zeroed first
 * @return true if the quoted packet could be read
 */
TG_INLINE int tg_parse_quoted(const struct tg_frame *frame,
                              const struct tg_packet *outer,
                              struct tg_flow_key *key) {
    const __u32 start = outer->l4_offset + TG_ICMP_BYTES;
    const __u32 end = outer->l4_offset + outer->l4_bytes;
    const int is_ipv4 = outer->flags & TG_PACKET_IPV4;
    const int ingress = frame->direction == TG_INGRESS;

    __builtin_memset(key, 0, sizeof(*key));
    key->zone = outer->key.zone;
    const __u32 at =
        is_ipv4 ? tg_parse_quoted_ipv4(frame, start, key) : tg_parse_quoted_ipv6(frame, start, key);
    if (!at || at + TG_QUOTED_BYTES > end)
        return 0;
    const __u8 *transport = tg_bytes_at(frame, at, TG_QUOTED_BYTES);
    if (!transport)
        return 0;
    if (!tg_parse_quoted_ports(frame, transport, key))
        return 0;
    return ingress ? tg_is_same_ipv6(key->local, outer->key.local)
                   : tg_is_same_ipv6(key->remote, outer->key.remote);
}

/* NOLINTEND */
TG_C_END

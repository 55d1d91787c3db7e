/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#pragma once

/**
 * Why a packet was dropped (or, in the stages audit and learn, would have been). One list is the
 * counter's index in the kernel, the agent's value, the metric's label and the documentation.
 * Append only: the numbers are part of the pinned maps.
 *
 *   X(enumerator, label, what it means): the label is a bare token, stringify it for people
 */
#define TG_DROP_REASONS(X)                                                                       \
    X(NONE, none, "not dropped")                                                                 \
    X(INTERNAL, internal, "a map that must have an entry has none; the gate fails closed")       \
    X(TRUNCATED, truncated, "the frame ends before its headers do")                              \
    X(ETHERTYPE, ethertype, "an EtherType that the gate does not judge, or an 802.3 length")     \
    X(VLAN_DEPTH, vlan_depth, "more than two VLAN tags")                                         \
    X(IPV4_HEADER, ipv4_header, "IPv4 version, header length or total length contradict")        \
    X(IPV4_SOURCE_ROUTE, ipv4_source_route, "loose or strict source route option")               \
    X(IPV4_CHECKSUM, ipv4_checksum, "wrong IPv4 header checksum")                                \
    X(IPV6_HEADER, ipv6_header, "IPv6 version or payload length contradict")                     \
    X(IPV6_EXTENSION, ipv6_extension, "more than eight extension headers, or one out of place")  \
    X(IPV6_ROUTING, ipv6_routing, "a routing header of type 0")                                  \
    X(PROTOCOL, protocol, "a transport protocol that the gate does not know")                    \
    X(L4_HEADER, l4_header, "transport lengths contradict, or a port is zero")                   \
    X(TCP_FLAGS, tcp_flags, "a combination of TCP flags that no stack sends")                    \
    X(MARTIAN, martian, "an address that cannot be on this wire")                                \
    X(FRAGMENT_TINY, fragment_tiny, "a first fragment without the whole transport header")       \
    X(FRAGMENT_UNKNOWN, fragment_unknown, "a later fragment whose first was not seen or passed") \
    X(FRAGMENT_OVERLAP, fragment_overlap, "a later fragment that overlaps the first")            \
    X(ARP_INVALID, arp_invalid, "ARP other than IPv4 over Ethernet, or switched off")            \
    X(NDP_INVALID, ndp_invalid, "neighbour discovery that RFC 4861 tells to discard")            \
    X(ICMP_UNRELATED, icmp_unrelated, "an ICMP error that quotes no live flow")                  \
    X(NO_FLOW, no_flow, "a TCP segment or ICMP reply that belongs to no flow")                   \
    X(POLICY_DEFAULT, policy_default, "no rule allows it")                                       \
    X(POLICY_DENY, policy_deny, "a rule denies it")                                              \
    X(BLOCKLIST, blocklist, "the remote address is on the blocklist")                            \
    X(RATE_LIMIT, rate_limit, "over the packets or new flows per second of its rule")            \
    X(RULE_EXPIRED, rule_expired, "only an expired rule allows it")                              \
    X(TABLE_FULL, table_full, "no room for the state that passing it needs")                     \
    X(TUNNEL_MESSAGE, tunnel_message, "not a WireGuard message: its type or its length")         \
    X(TUNNEL_INDEX, tunnel_index, "transport data for a receiver index that no keypair has")     \
    X(TUNNEL_COUNTER, tunnel_counter, "transport data older than the replay window")             \
    X(TUNNEL_ROAMING, tunnel_roaming, "too much transport data from elsewhere than its peer")    \
    X(TUNNEL_UNASKED, tunnel_unasked, "a handshake response or cookie that nobody waits for")    \
    X(TUNNEL_MAC1, tunnel_mac1, "a handshake message whose sender does not know our key")        \
    X(TUNNEL_REPLAY, tunnel_replay, "a handshake initiation that came before")                   \
    X(TUNNEL_MAC2, tunnel_mac2, "under load, a handshake initiation without a cookie of ours")   \
    X(TUNNEL_SOURCE, tunnel_source, "too many handshake initiations from one source")            \
    X(TUNNEL_STEALTH, tunnel_stealth, "a handshake initiation from outside the site")            \
    X(TUNNEL_BUSY, tunnel_busy, "more handshake messages than there is time to check")

enum tg_drop_reason {
#define X(name, label, meaning) TG_DROP_##name,
    TG_DROP_REASONS(X)
#undef X
        TG_DROP_REASON_COUNT
};

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* How long flows live: docs/packet-path.md, section 6. */
#pragma once

#include <tollgate/abi/flow.h>
#include <tollgate/abi/limits.h>
#include <tollgate/abi/protocol.h>
#include <tollgate/abi/wire.h>

#define TG_FLOW_FINS (TG_FLOW_FIN_INGRESS | TG_FLOW_FIN_EGRESS)

TG_INLINE int tg_flow_is_closing(const struct tg_flow *flow) {
    return (flow->flags & TG_FLOW_RESET) != 0 || (flow->flags & TG_FLOW_FINS) == TG_FLOW_FINS ? 1
                                                                                              : 0;
}

/** How long the flow may be silent. */
TG_INLINE __u64 tg_flow_timeout(__u8 protocol, const struct tg_flow *flow) {
    switch (protocol) {
        case TG_PROTOCOL_TCP:
            if (tg_flow_is_closing(flow) != 0) {
                return TG_TCP_CLOSING_NS;
            }
            return (flow->flags & TG_FLOW_ESTABLISHED) != 0 ? TG_TCP_ESTABLISHED_NS
                                                            : TG_TCP_EMBRYO_NS;
        case TG_PROTOCOL_UDP:
            return (flow->flags & TG_FLOW_ANSWERED) != 0 ? TG_UDP_STREAM_NS : TG_UDP_EMBRYO_NS;
        case TG_PROTOCOL_ICMP:
        case TG_PROTOCOL_ICMPV6:
            return TG_ICMP_NS;
        default:
            return TG_OTHER_NS;
    }
}

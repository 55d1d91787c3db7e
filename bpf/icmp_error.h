/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* ICMP errors: docs/packet-path.md, section 5. */
#pragma once

#include <tollgate/abi/quoted.h>

#include "flow.h"
#include "passage.h"
#include "tunnel_port.h"

/** Passes if the quoted packet belongs to a live flow, whoever judged that flow. Of a tunnel's port
 * we say nothing, not even that nobody listens there. */
TG_INLINE enum way judge_icmp_error(struct gate *gate) {
    struct tg_flow_key *quoted = &gate->passage->quoted;

    if (!tg_parse_quoted(&gate->frame, gate->packet, quoted))
        return refuse(gate, TG_DROP_ICMP_UNRELATED);
    if (!is_ingress(gate) && is_of_tunnel_port(quoted))
        return refuse(gate, TG_DROP_ICMP_UNRELATED);
    return find_flow(gate, quoted).flow ? WAY_PASS : refuse(gate, TG_DROP_ICMP_UNRELATED);
}

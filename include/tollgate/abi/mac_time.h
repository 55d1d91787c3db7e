/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What the time that MACs have taken costs a tunnel: docs/packet-path.md, section 9. */
#pragma once

#include <linux/types.h>

#include <tollgate/abi/tunnel.h>
#include <tollgate/abi/wire.h>

/** What MACs that took so long owe: no more than may be owed at once, because a CPU that was taken
 *  away meanwhile (from a virtual machine, say) did not compute. */
TG_INLINE __u64 tg_mac_debt(__u64 elapsed_ns) {
    const __u64 debt_max = TG_MAC_BURST_NS;

    return elapsed_ns < debt_max / TG_MAC_SHARE ? TG_MAC_SHARE * elapsed_ns : debt_max;
}

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#pragma once

#include <linux/types.h>

#include <tollgate/abi/wireguard.h>

/** What a flood of a tunnel consists of. All come from random sources. */
enum flood_kind {
    FLOOD_JUNK,     /* of no type */
    FLOOD_BAD_MAC1, /* initiations by somebody who does not know the public key */
    FLOOD_MAC1,     /* initiations by somebody who knows it; each comes again after FLOOD_POOL */
    FLOOD_INDEX,    /* transport data to indices of nobody */
};

/** More than the gate remembers to tell replays. */
#define FLOOD_POOL 65536

/** What makes an initiation of a flood another one: the start of its ephemeral, all else is zero.
 */
struct flood_initiation {
    __u64 ephemeral;
    __u8 mac1[TG_WG_MAC_BYTES];
};

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#pragma once

/** What a flood of a tunnel consists of. All come from random sources. */
enum flood_kind {
    FLOOD_JUNK,     /* of no type */
    FLOOD_BAD_MAC1, /* initiations by somebody who does not know the public key */
    FLOOD_MAC1,     /* initiations by somebody who knows it; no two are the same */
    FLOOD_INDEX,    /* transport data to indices of nobody */
};

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* How the parser names why it refuses a frame. Part of parse.h. */
#pragma once

#include <tollgate/abi/drop_reason.h>
#include <tollgate/abi/wire.h>

TG_C_BEGIN
/* NOLINTBEGIN: C, see TG_C_BEGIN */

/** `reason`, which is not to be computed before its check has failed: the compiler would have every
 *  frame set, before each of its checks, the reason that it would be refused for. */
TG_INLINE enum tg_drop_reason tg_refused(enum tg_drop_reason reason) {
    TG_OPAQUE(reason);
    return reason;
}

/* NOLINTEND */
TG_C_END

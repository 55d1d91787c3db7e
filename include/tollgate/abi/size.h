/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#pragma once

/** States the size of an ABI struct on both sides of the kernel boundary. */
#ifdef __cplusplus
#define TG_SIZE(type, bytes) static_assert(sizeof(struct type) == (bytes), #type)
#else
#define TG_SIZE(type, bytes) _Static_assert(sizeof(struct type) == (bytes), #type)
#endif

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The four messages of WireGuard (paper, 5.4) as they are in a UDP datagram. Indices and counters
 * are little-endian and random to anyone else; the three bytes after the type are zero. */
#pragma once

#include <linux/types.h>

#include <tollgate/abi/size.h>

/** enum tg_wg_type: the first four bytes of a message, as a little-endian number. */
enum tg_wg_type {
    TG_WG_INITIATION = 1,
    TG_WG_RESPONSE = 2,
    TG_WG_COOKIE_REPLY = 3,
    TG_WG_DATA = 4,
};

#define TG_WG_KEY_BYTES 32
#define TG_WG_TAG_BYTES 16
#define TG_WG_MAC_BYTES 16

/** Handshake initiation: initiator to responder (paper, 5.4.2). */
struct tg_wg_initiation {
    __le32 type;
    __le32 sender_index;
    __u8 ephemeral[TG_WG_KEY_BYTES];
    __u8 sealed_static[TG_WG_KEY_BYTES + TG_WG_TAG_BYTES];
    __u8 sealed_timestamp[12 + TG_WG_TAG_BYTES]; /* TAI64N */
    __u8 mac1[TG_WG_MAC_BYTES];                  /* over all before it */
    __u8 mac2[TG_WG_MAC_BYTES];                  /* over all before it; zeros without a cookie */
};
TG_SIZE(tg_wg_initiation, 148);

/** Handshake response: responder to initiator (paper, 5.4.3). */
struct tg_wg_response {
    __le32 type;
    __le32 sender_index;
    __le32 receiver_index;
    __u8 ephemeral[TG_WG_KEY_BYTES];
    __u8 sealed_nothing[TG_WG_TAG_BYTES];
    __u8 mac1[TG_WG_MAC_BYTES];
    __u8 mac2[TG_WG_MAC_BYTES];
};
TG_SIZE(tg_wg_response, 92);

/** Cookie reply: to a handshake message without a good mac2, under load (paper, 5.4.7). */
struct tg_wg_cookie_reply {
    __le32 type;
    __le32 receiver_index;
    __u8 nonce[24];
    __u8 sealed_cookie[TG_WG_MAC_BYTES + TG_WG_TAG_BYTES];
};
TG_SIZE(tg_wg_cookie_reply, 64);

/** Transport data: this header, the sealed packet, its tag (paper, 5.4.6). */
struct tg_wg_data {
    __le32 type;
    __le32 receiver_index;
    __le64 counter;
};
TG_SIZE(tg_wg_data, 16);

#define TG_WG_DATA_MIN (16 + TG_WG_TAG_BYTES) /* a keepalive */
#define TG_WG_REJECT_AFTER_MESSAGES (~0ULL - 8192)
#define TG_WG_WINDOW 8128 /* a counter may be so far behind the greatest one, and be accepted */

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Frames that are not all alike, shared by flood.bpf.c and its loader. */
#pragma once

#include <linux/types.h>

/* A multiple of 8: two VLAN tags, IPv6, nine extension headers and UDP have 142. */
#define FLOOD_SHAPE_BYTES 144
#define FLOOD_SHAPES_MAX 8

/* Where the source address is: the byte 4 of the frame's source MAC. */
enum flood_layer3 {
    FLOOD_IPV4_AT_14,
    FLOOD_IPV4_AT_22,
    FLOOD_IPV4_AT_30,
    FLOOD_IPV6_AT_14,
    FLOOD_IPV6_AT_22
};

struct flood_shape {
    __u64 words[FLOOD_SHAPE_BYTES / 8];
};

// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <tollgate/abi/parse.h>

namespace {

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

}  // namespace

// The parser reads nothing outside the frame (the address sanitizer sees to that), what it accepts
// lies inside it, and of a plain frame it finds what it would find of any. The first byte is the
// direction, whether the NIC took a tag off, and whether it is the packet of a tunnel.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const auto direction = static_cast<std::uint8_t>((bytes[0] & 1U) != 0 ? TG_EGRESS : TG_INGRESS);
    const tg_frame frame{bytes + 1, bytes + size, static_cast<std::uint32_t>(size - 1), direction};
    tg_packet packet{};
    tg_packet same{};
    const tg_link link = (bytes[0] & 4U) != 0 ? TG_LINK_TUNNEL : TG_LINK_CLEAR;
    const std::uint32_t outer_vlan = (bytes[0] & 2U) != 0 ? 1 : 0;
    const tg_drop_reason reason = tg_parse(&frame, link, outer_vlan, &packet);
    check(tg_parse_any(&frame, link, outer_vlan, &same) == reason);
    if (reason == TG_DROP_NONE) {
        check(std::memcmp(&packet, &same, sizeof packet) == 0);
    }
    if (reason == TG_DROP_NONE && packet.key.protocol != 0) {
        check(packet.l3_offset < packet.l4_offset);
        check(packet.l4_offset + std::size_t{packet.l4_bytes} <= size - 1);
    }
    return 0;
}

// SPDX-License-Identifier: MIT
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "agent/tunnel/host_packet.hpp"
#include "agent/tunnel/ip_header.hpp"

namespace {

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

}  // namespace

// Whatever the kernel gives: every segment is a whole packet between the same addresses, has the
// size that was told before, and all have it but the last.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace tollgate;
    const auto host = agent::HostPacket::read(std::as_bytes(std::span(bytes, size)));
    if (!host) {
        return 0;
    }
    check(host->count() >= 1 && host->count() <= size);
    for (std::size_t i = 0; i < host->count(); ++i) {
        check(i + 1 == host->count() ? host->size(i) <= host->size(0)
                                     : host->size(i) == host->size(0));
        std::vector<std::byte> segment(host->size(i));
        host->write(i, segment);
        if (host->count() > 1) {
            const auto ip = agent::IpHeader::read(segment);
            check(ip && ip->packet_size == segment.size());
        }
    }
    return 0;
}

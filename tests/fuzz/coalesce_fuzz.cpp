// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "agent/tunnel/coalesce.hpp"
#include "agent/tunnel/host_packet.hpp"
#include "tests/support/host_packets.hpp"

namespace {

using tollgate::test::Packet;

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

/// Packets of one flow that follow each other, some of their bytes changed: two bytes of input say
/// how many and how long they are, then three each say where and how.
std::vector<Packet> packets_of(const std::uint8_t* bytes, std::size_t size) {
    tollgate::test::Flow flow{.is_ipv6 = (bytes[0] & 1U) != 0, .is_tcp = (bytes[0] & 2U) != 0};
    flow.may_fragment = (bytes[0] & 4U) != 0;
    std::vector<Packet> packets;
    for (unsigned count = 1 + bytes[0] / 8U; count > 0; --count) {
        packets.push_back(flow.build(bytes[1]));
        flow.sequence += bytes[1];
        ++flow.id;
    }
    for (std::size_t at = 2; at + 3 <= size; at += 3) {
        Packet& packet = packets[bytes[at] % packets.size()];
        packet[bytes[at + 1] % packet.size()] ^= std::byte{bytes[at + 2]};
    }
    return packets;
}

/// The identification of a packet that may not be fragmented counts on when the host segments it.
void forget_ids(std::vector<Packet>& packets) {
    for (Packet& packet : packets) {
        if (packet[0] == std::byte{0x45} && (packet[6] & std::byte{0x40}) != std::byte{0}) {
            std::fill_n(packet.begin() + 4, 2, std::byte{0});
            std::fill_n(packet.begin() + 10, 2, std::byte{0});
        }
    }
}

}  // namespace

// What the host gets by segmenting what it is given is what came.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace tollgate;
    if (size < 2) {
        return 0;
    }
    std::vector<Packet> came = packets_of(bytes, size);
    std::vector<Packet> given = came;
    std::vector<Packet> got;
    const std::vector<crypto::MutableBytes> views(given.begin(), given.end());
    agent::Coalescer coalescer{true};
    for (std::span<const crypto::MutableBytes> left{views}; !left.empty();) {
        const std::size_t taken = coalescer.take(left);
        if (taken == 1) {
            got.emplace_back(left[0].begin(), left[0].end());
            left = left.subspan(1);
            continue;
        }
        Packet joined;
        for (const iovec& part : coalescer.parts()) {
            const auto* const begin = static_cast<const std::byte*>(part.iov_base);
            joined.insert(joined.end(), begin, begin + part.iov_len);
        }
        const Packet written = test::with_header(coalescer.header(), joined);
        const auto host = agent::HostPacket::read(written);
        check(host && host->count() == taken);
        for (std::size_t i = 0; i < taken; ++i) {
            got.emplace_back(host->size(i));
            host->write(i, got.back());
        }
        left = left.subspan(taken);
    }
    forget_ids(came);
    forget_ids(got);
    check(got == came);
    return 0;
}

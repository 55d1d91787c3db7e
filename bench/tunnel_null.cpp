// SPDX-License-Identifier: MIT
/// tunnel_null INTERFACE PORT PEER [single]
///
/// What a tunnel costs without its cryptography: moves packets between a TUN device and UDP until
/// it is killed. `single`: without UDP_SEGMENT.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include <poll.h>

#include "agent/tunnel/tun_port.hpp"
#include "agent/tunnel/udp_link.hpp"

namespace {

using namespace tollgate;
using agent::Arrival;
using agent::Endpoint;
using agent::HostPacket;

constexpr std::size_t kBatch = 64;
constexpr std::size_t kBytesMax = 65'507;
constexpr int kPacketsPerTurn = 16;

void to_network(const HostPacket& packet, const Endpoint& peer, agent::Link& link) {
    static std::array<std::byte, 65'536> buffer;
    std::size_t used = 0;
    std::size_t count = 0;
    for (std::size_t i = 0; i < packet.count(); ++i) {
        const std::size_t size = packet.size(i);
        if (count == kBatch || used + size > kBytesMax) {
            link.send(peer, {buffer.data(), used}, packet.size(0), 0);
            used = count = 0;
        }
        packet.write(i, {&buffer[used], size});
        used += size;
        ++count;
    }
    link.send(peer, {buffer.data(), used}, packet.size(0), 0);
}

void to_host(const Arrival& arrival, agent::Port& port) {
    std::array<crypto::MutableBytes, kBatch> packets;
    std::size_t count = 0;
    for (crypto::MutableBytes left = arrival.bytes; !left.empty() && count < kBatch; ++count) {
        packets[count] = left.first(std::min(left.size(), arrival.segment));
        left = left.subspan(packets[count].size());
    }
    port.send({packets.data(), count});
}

void run(agent::Port& port, agent::Link& link, const Endpoint& peer) {
    std::vector<pollfd> ready{{port.descriptor(), POLLIN, 0}};
    for (const int descriptor : link.descriptors()) {
        ready.push_back({descriptor, POLLIN, 0});
    }
    while (poll(ready.data(), ready.size(), -1) > 0) {
        for (int i = 0; i < kPacketsPerTurn; ++i) {
            const auto packet = port.receive();
            if (!packet) {
                break;
            }
            to_network(*packet, peer, link);
        }
        for (std::size_t i = 1; i < ready.size(); ++i) {
            for (const Arrival& arrival : link.receive(ready[i].fd)) {
                to_host(arrival, port);
            }
        }
    }
}

}  // namespace

int main(int count, char** arguments) {
    const std::vector<std::string_view> words(arguments + 1, arguments + count);
    const auto peer = words.size() >= 3 ? Endpoint::parse(words[2]) : std::nullopt;
    if (!peer) {
        std::fputs("usage: tunnel_null INTERFACE PORT PEER [single]\n", stderr);
        return EXIT_FAILURE;
    }
    const auto port = agent::TunPort::open({.name = std::string{words[0]}});
    const auto link = agent::UdpLink::open(
        {.port = static_cast<std::uint16_t>(std::strtoul(arguments[2], nullptr, 10)),
         .has_segmentation = words.size() == 3});
    if (!port || !link) {
        std::fprintf(stderr, "%s\n", (port ? link.error() : port.error()).message().c_str());
        return EXIT_FAILURE;
    }
    run(**port, **link, *peer);
    return EXIT_FAILURE;
}

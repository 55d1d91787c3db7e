// SPDX-License-Identifier: MIT
#include "tests/support/gateway_lab.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <gtest/gtest.h>

#include "tests/support/frame.hpp"

namespace tollgate::test {

namespace {

constexpr const char* kInner = "10.0.0.254";

std::unique_ptr<agent::Worker::Parts> parts_of(std::size_t worker,
                                               std::vector<MemoryLink*>& links,
                                               std::vector<MemoryPort*>& ports) {
    auto link = std::make_unique<MemoryLink>();
    auto port = std::make_unique<MemoryPort>();
    links.push_back(link.get());
    ports.push_back(port.get());
    auto parts = std::make_unique<agent::Worker::Parts>();
    parts->link = std::move(link);
    parts->port = std::move(port);
    parts->aead = crypto::make_openssl_aead();
    parts->inbox = worker == 0 ? nullptr : agent::InitiationInbox::create().value();
    return parts;
}

// As the sockets of a group are chosen.
std::size_t worker_for(const Datagram& datagram, std::size_t workers) {
    const std::size_t at = type_of(datagram) == TG_WG_RESPONSE ? 8 : 4;
    return type_of(datagram) == TG_WG_INITIATION
               ? 0
               : std::to_integer<std::size_t>(datagram.at(at)) % workers;
}

}  // namespace

std::uint32_t MemorySteering::queue_of(const IpAddress& address) const {
    std::uint32_t queue = 0;
    int longest = -1;
    for (const auto& [prefix, to] : queues) {
        if (prefix.contains(Prefix{address, 128}) && prefix.length > longest) {
            longest = prefix.length;
            queue = to;
        }
    }
    return queue;
}

GatewayLab::GatewayLab(std::size_t workers, std::size_t peers) {
    endpoint.address = ip("198.51.100.1");
    endpoint.port = 51820;
    agent::Device::Parts parts;
    for (std::size_t worker = 0; worker < workers; ++worker) {
        parts.workers.push_back(std::move(*parts_of(worker, links, ports)));
    }
    parts.next_timestamp = [](auto wall) {
        return crypto::Tai64n::from(wall);
    };
    auto told = std::make_unique<MemorySteering>();
    steering = told.get();
    parts.steering = std::move(told);
    device = std::make_unique<agent::Device>(std::move(parts));
    agent::DeviceChange own;
    own.private_key = crypto::generate_private_key();
    const crypto::PublicKey public_key = crypto::public_key_of(*own.private_key);
    for (std::size_t i = 0; i < peers; ++i) {
        const std::string number = std::to_string(i + 1);
        auto& host = *hosts.emplace_back(
            std::make_unique<TunnelHost>("192.0.2." + number, "10.0.0." + number));
        host.clock = hosts.front()->clock;
        agent::DeviceChange theirs;
        agent::PeerChange& gateway = theirs.peers.emplace_back();
        gateway.public_key = public_key;
        gateway.endpoint = endpoint;
        gateway.allowed_ips.push_back({Prefix{ip(kInner), 128}, false});
        host.apply(std::move(theirs));
        agent::PeerChange& peer = own.peers.emplace_back();
        peer.public_key = host.public_key;
        peer.allowed_ips.push_back({Prefix{ip(host.inner), 128}, false});
    }
    EXPECT_EQ(apply(own), 0);
}

agent::PeerChange GatewayLab::change_of(std::size_t peer) const {
    agent::PeerChange change;
    change.public_key = hosts.at(peer)->public_key;
    return change;
}

void GatewayLab::knows_place_of(std::size_t peer) {
    agent::DeviceChange change;
    change.peers.push_back(change_of(peer));
    change.peers.back().endpoint = hosts.at(peer)->endpoint;
    EXPECT_EQ(apply(change), 0);
}

void GatewayLab::arrives_at(std::size_t worker,
                            const Datagram& datagram,
                            const agent::Endpoint& from) {
    links.at(worker)->deliver(datagram, from);
    device->worker(worker).link_is_readable(0, now());
}

void GatewayLab::send(const std::string& destination) {
    send_by(steering->queue_of(ip(destination)), destination);
}

void GatewayLab::send_by(std::size_t worker, const std::string& destination) {
    ports.at(worker)->to_send.push_back(inner_packet(kInner, destination, 100));
    device->worker(worker).port_is_readable(now());
}

void GatewayLab::send_from(std::size_t host, const std::string& source) {
    hosts.at(host)->port->to_send.push_back(inner_packet(source, kInner, 100));
    hosts.at(host)->device->worker().port_is_readable(now());
}

void GatewayLab::settle() {
    bool carried = true;
    while (carried) {
        work();
        carried = carry_to_gateway();
        work();
        carried = carry_to_hosts() || carried;
    }
}

void GatewayLab::work() {
    for (std::size_t worker = 0; worker < device->workers(); ++worker) {
        while (device->worker(worker).work(now()) <= now().boot) {
        }
    }
}

bool GatewayLab::carry_to_gateway() {
    bool carried = false;
    for (const auto& host : hosts) {
        for (; !host->link->sent.empty(); host->link->sent.pop_front()) {
            const Datagram& datagram = host->link->sent.front().bytes;
            arrives_at(worker_for(datagram, device->workers()), datagram, host->endpoint);
            carried = true;
        }
    }
    return carried;
}

bool GatewayLab::carry_to_hosts() {
    bool carried = false;
    for (MemoryLink* link : links) {
        for (; !link->sent.empty(); link->sent.pop_front()) {
            const auto& [to, bytes, traffic_class] = link->sent.front();
            const auto host = std::ranges::find_if(
                hosts, [&to = to](const auto& one) { return one->endpoint.same_place(to); });
            if (host != hosts.end()) {
                (*host)->receive(bytes, endpoint);
            }
            carried = true;
        }
    }
    return carried;
}

std::size_t GatewayLab::take_received() {
    std::size_t count = 0;
    for (MemoryPort* port : ports) {
        count += port->received.size();
        port->received.clear();
    }
    return count;
}

}  // namespace tollgate::test

// SPDX-License-Identifier: MIT
#include "tests/support/tunnel_lab.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <gtest/gtest.h>

#include "agent/tunnel/virtio_header.hpp"
#include "tests/support/frame.hpp"

namespace tollgate::test {

using agent::Arrival;
using agent::Endpoint;

namespace {

constexpr std::uint16_t kPort = 51820;
constexpr std::chrono::seconds kBooted{1000};
constexpr std::chrono::seconds kWallAtBoot{1'700'000'000};

}  // namespace

std::uint32_t type_of(const Datagram& datagram) {
    std::uint32_t type = 0;
    if (datagram.size() >= sizeof type) {
        std::memcpy(&type, datagram.data(), sizeof type);
    }
    return type;
}

Datagram inner_packet(const std::string& source,
                      const std::string& destination,
                      std::size_t payload,
                      std::uint8_t traffic_class) {
    Datagram packet = ip_packet({ip(source), ip(destination), IPPROTO_UDP},
                                udp({4000, 7000}, Datagram(payload, std::byte{0x5a})));
    put8(packet, 1, traffic_class);
    fill_ipv4_checksum(packet);
    return packet;
}

std::span<Arrival> MemoryLink::receive(int /*descriptor*/) {
    if (waiting_.empty()) {
        return {};
    }
    current_ = std::move(waiting_.front());
    waiting_.pop_front();
    current_.second.bytes = current_.first;
    return {&current_.second, 1};
}

void MemoryLink::begin(const Endpoint& to, std::uint8_t traffic_class) {
    to_ = to;
    traffic_class_ = traffic_class;
}

bool MemoryLink::commit() {
    send(to_, outgoing_.bytes(), outgoing_.segment(), traffic_class_);
    outgoing_.clear();
    return true;
}

bool MemoryLink::send(const Endpoint& to,
                      crypto::Bytes bytes,
                      std::size_t segment,
                      std::uint8_t traffic_class) {
    while (!bytes.empty()) {
        const crypto::Bytes one = bytes.first(std::min(segment, bytes.size()));
        sent.push_back({to, Datagram(one.begin(), one.end()), traffic_class});
        bytes = bytes.subspan(one.size());
    }
    return true;
}

void MemoryLink::deliver(const Datagram& datagram, const Endpoint& from, std::uint8_t ecn) {
    waiting_.push_back({datagram, {{}, datagram.size(), from, ecn}});
}

std::optional<agent::HostPacket> MemoryPort::receive() {
    if (to_send.empty()) {
        return std::nullopt;
    }
    current_.assign(sizeof(agent::VirtioHeader), std::byte{0});
    current_.insert(current_.end(), to_send.front().begin(), to_send.front().end());
    to_send.pop_front();
    auto packet = agent::HostPacket::read(current_);
    EXPECT_TRUE(packet) << "the test sends no good packet";
    return packet;
}

void MemoryPort::send(std::span<const crypto::MutableBytes> packets) {
    for (const crypto::MutableBytes& packet : packets) {
        received.emplace_back(packet.begin(), packet.end());
    }
}

TunnelHost::TunnelHost(const std::string& wire, std::string inner_address, const Equip& equip)
    : inner{std::move(inner_address)} {
    endpoint.address = ip(wire);
    endpoint.port = kPort;
    auto own_link = std::make_unique<MemoryLink>();
    auto own_port = std::make_unique<MemoryPort>();
    link = own_link.get();
    port = own_port.get();
    agent::Device::Parts parts;
    parts.workers.push_back(
        {std::move(own_link), std::move(own_port), crypto::make_openssl_aead()});
    parts.next_timestamp = [](auto wall) {
        return crypto::Tai64n::from(wall);
    };
    if (equip) {
        equip(parts);
    }
    device = std::make_unique<agent::Device>(std::move(parts));
    agent::DeviceChange change;
    change.private_key = crypto::generate_private_key();
    public_key = crypto::public_key_of(*change.private_key);
    clock = std::make_shared<std::chrono::nanoseconds>(kBooted);
    apply(std::move(change));
}

agent::Now TunnelHost::now() const {
    return {*clock, std::chrono::sys_time<std::chrono::nanoseconds>{kWallAtBoot + *clock}};
}

void TunnelHost::apply(agent::DeviceChange change) {
    ASSERT_EQ(device->apply(change, now()), 0);
}

void TunnelHost::add_peer(const TunnelHost& other, bool with_endpoint) {
    agent::DeviceChange change;
    agent::PeerChange& peer = change.peers.emplace_back();
    peer.public_key = other.public_key;
    peer.allowed_ips.push_back({Prefix{ip(other.inner), 128}, false});
    if (with_endpoint) {
        peer.endpoint = other.endpoint;
    }
    apply(std::move(change));
}

void TunnelHost::send(const std::string& destination, std::size_t payload) {
    port->to_send.push_back(inner_packet(inner, destination, payload));
    device->worker().port_is_readable(now());
}

void TunnelHost::receive(const Datagram& datagram, const Endpoint& from, std::uint8_t ecn) {
    link->deliver(datagram, from, ecn);
    device->worker().link_is_readable(0, now());
    work();
}

void TunnelHost::work() {
    while (device->worker().work(now()) <= *clock) {
    }
}

agent::PeerState TunnelHost::peer() const {
    agent::DeviceState state = device->state();
    EXPECT_EQ(state.peers.size(), 1U);
    return std::move(state.peers.at(0));
}

TunnelLab::TunnelLab(const TunnelHost::Equip& equip)
    : left{"192.0.2.1", "10.0.0.1", equip}, right{"192.0.2.2", "10.0.0.2", equip} {
    clock = left.clock;
    right.clock = clock;
    left.add_peer(right, true);
    right.add_peer(left, false);
}

void TunnelLab::carry(TunnelHost& from, TunnelHost& to) {
    while (!from.link->sent.empty()) {
        MemoryLink::Sent sent = std::move(from.link->sent.front());
        from.link->sent.pop_front();
        if (wire && !wire(from, sent.bytes)) {
            continue;
        }
        carried_.push_back(type_of(sent.bytes));
        to.receive(sent.bytes, from.endpoint, sent.traffic_class & 3U);
    }
}

void TunnelLab::settle() {
    while (!left.link->sent.empty() || !right.link->sent.empty()) {
        carry(left, right);
        carry(right, left);
    }
}

void TunnelLab::pass(std::chrono::milliseconds time) {
    constexpr std::chrono::milliseconds kStep{50};
    for (auto passed = std::chrono::milliseconds{0}; passed < time; passed += kStep) {
        *clock += kStep;
        left.work();
        right.work();
        settle();
    }
}

std::size_t TunnelLab::take_count(std::uint32_t type) {
    const auto count = std::count(carried_.begin(), carried_.end(), type);
    std::erase(carried_, type);
    return static_cast<std::size_t>(count);
}

Endpoint elsewhere() {
    Endpoint endpoint;
    endpoint.address = ip("203.0.113.9");
    endpoint.port = 4444;
    return endpoint;
}

}  // namespace tollgate::test

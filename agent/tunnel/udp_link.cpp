// SPDX-License-Identifier: MIT
#include "agent/tunnel/udp_link.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "agent/system/privileged.hpp"
#include "agent/system/routes.hpp"
#include "agent/tunnel/gso_probe.hpp"
#include "agent/tunnel/udp_group.hpp"
#include "agent/tunnel/udp_socket.hpp"

namespace tollgate::agent {

namespace {

constexpr std::size_t kIpv4 = 0;
constexpr std::size_t kIpv6 = 1;
constexpr int kPortAttempts = 16;
constexpr std::uint8_t kEcnMask = 0x03;
/// Small datagrams then do not all begin in the same lines of the cache.
constexpr std::size_t kStagger = 320;
/// How long a send waits for room: backpressure that the host's senders feel, unlike a loss.
constexpr int kRoomPatienceMs = 2;

bool lacks_family(const Error& error) {
    return error.code.value() == EAFNOSUPPORT || error.code.value() == EADDRNOTAVAIL;
}

bool source_is_gone(int error) {
    return error == EINVAL || error == ENETUNREACH || error == EADDRNOTAVAIL;
}

bool has_no_room(int error) {
    return error == EAGAIN || error == ENOBUFS;
}

void wait_for_room(int descriptor) {
    pollfd ready{.fd = descriptor, .events = POLLOUT, .revents = 0};
    ::poll(&ready, 1, kRoomPatienceMs);
}

}  // namespace

/// What send() was asked to do.
struct UdpLink::Departure {
    int descriptor;
    const Endpoint& to;
    crypto::Bytes bytes;
    std::size_t segment;
    std::uint8_t traffic_class;

    [[nodiscard]] std::size_t count() const { return (bytes.size() + segment - 1) / segment; }
};

struct UdpLink::Outcome {
    std::size_t sent = 0;  ///< datagrams that are done with
    int error = 0;         ///< of the next one
};

Result<std::unique_ptr<UdpLink>> UdpLink::open(const Options& options) {
    return open_group(options, 1).map([](auto links) { return std::move(links.front()); });
}

Result<std::vector<std::unique_ptr<UdpLink>>> UdpLink::open_group(const Options& options,
                                                                  std::size_t count) {
    std::vector<std::unique_ptr<UdpLink>> links;
    while (links.size() < count) {
        auto link = make(options);
        if (!link) {
            return Failure{link.error()};
        }
        links.push_back(*std::move(link));
    }
    UdpLink& first = *links.front();
    for (std::size_t i = 1; i < count; ++i) {
        first.followers_.push_back(links[i].get());
    }
    if (const auto listening = first.listen(options.port); !listening) {
        return Failure{listening.error()};
    }
    const std::string fault =
        options.has_segmentation ? find_gso_fault().value_or("") : "switched off";
    for (const auto& link : links) {
        link->segmentation_fault_ = fault;
    }
    return links;
}

Result<std::unique_ptr<UdpLink>> UdpLink::make(const Options& options) {
    auto routes = RouteWatch::open(RouteWatch::Subject::ipv4_routes);
    if (!routes) {
        return Failure{routes.error()};
    }
    std::unique_ptr<UdpLink> link{new UdpLink{std::move(*routes)}};
    link->mark_ = options.mark;
    link->reason_ = options.reason;
    return link;
}

UdpLink::UdpLink(RouteWatch routes)
    : routes_{std::move(routes)},
      buffers_{std::make_unique_for_overwrite<std::byte[]>(kBatch * (kBufferBytes + kStagger))} {
    for (std::size_t i = 0; i < kBatch; ++i) {
        slots_[i].bytes = {.iov_base = &buffers_[i * (kBufferBytes + kStagger)],
                           .iov_len = kBufferBytes};
    }
}

Result<std::vector<UdpLink::Sockets>> UdpLink::open_sockets(std::uint16_t port, std::size_t count) {
    auto ipv4 = open_udp_group(AF_INET, port, count);
    if (!ipv4 && !lacks_family(ipv4.error())) {
        return Failure{ipv4.error()};
    }
    auto ipv6 = open_udp_group(AF_INET6, ipv4 ? bound_port(ipv4->front()) : port, count);
    if (!ipv6 && (!ipv4 || !lacks_family(ipv6.error()))) {
        return Failure{ipv6.error()};
    }
    std::vector<Sockets> all(count);
    for (std::size_t i = 0; i < count; ++i) {
        all[i][kIpv4].descriptor = ipv4 ? std::move((*ipv4)[i]) : FileDescriptor{};
        all[i][kIpv6].descriptor = ipv6 ? std::move((*ipv6)[i]) : FileDescriptor{};
    }
    return all;
}

Result<void> UdpLink::mark_sockets(const Sockets& sockets, std::uint32_t mark) {
    for (const Socket& socket : sockets) {
        if (socket.descriptor &&
            privileged::set_option(socket.descriptor.get(), SO_MARK, mark) != 0) {
            return failure(errno, fmt::format("set the mark {} of a UDP socket", mark));
        }
    }
    return {};
}

Result<void> UdpLink::listen(std::uint16_t port) {
    if (port != 0 && port == port_) {
        return {};
    }
    const std::size_t count = 1 + followers_.size();
    auto opened = open_sockets(port, count);
    for (int i = 1; i < kPortAttempts && port == 0 && !opened; ++i) {
        opened = open_sockets(port, count);
    }
    if (!opened) {
        return Failure{opened.error()};
    }
    for (const Sockets& sockets : *opened) {
        if (auto marked = mark_ == 0 ? Result<void>{} : mark_sockets(sockets, mark_); !marked) {
            return marked;
        }
    }
    take_over(std::move(opened->front()));
    for (std::size_t i = 1; i < count; ++i) {
        followers_[i - 1]->take_over(std::move((*opened)[i]));
    }
    return {};
}

void UdpLink::take_over(Sockets sockets) {
    sockets_ = std::move(sockets);
    port_ = bound_port(sockets_[sockets_[kIpv4].descriptor ? kIpv4 : kIpv6].descriptor);
}

Result<void> UdpLink::set_mark(std::uint32_t mark) {
    auto marked = mark_sockets(sockets_, mark);
    if (!marked) {
        return marked;
    }
    mark_ = mark;
    for (UdpLink* follower : followers_) {
        if (marked = follower->set_mark(mark); !marked) {
            return marked;
        }
    }
    return {};
}

std::vector<int> UdpLink::descriptors() const {
    std::vector<int> open{routes_.fd()};
    for (const Socket& socket : sockets_) {
        if (socket.descriptor) {
            open.push_back(socket.descriptor.get());
        }
    }
    return open;
}

std::span<Arrival> UdpLink::receive(int descriptor) {
    arrived_ = 0;
    if (descriptor == routes_.fd()) {
        route_changes_ += routes_.take() ? 1U : 0U;
        return {};
    }
    prepare_slots();
    // An error is one that ICMP reported of an earlier datagram: it is gone with this call.
    const int count = ::recvmmsg(descriptor, messages_.data(), kBatch, MSG_DONTWAIT, nullptr);
    Socket& socket = sockets_[descriptor == sockets_[kIpv4].descriptor.get() ? kIpv4 : kIpv6];
    for (int i = 0; i < count; ++i) {
        read_slot(static_cast<std::size_t>(i), socket);
    }
    return {arrivals_.data(), arrived_};
}

void UdpLink::prepare_slots() {
    for (std::size_t i = 0; i < kBatch; ++i) {
        messages_[i].msg_hdr = {.msg_name = slots_[i].from.bytes(),
                                .msg_namelen = sizeof(sockaddr_in6),
                                .msg_iov = &slots_[i].bytes,
                                .msg_iovlen = 1,
                                .msg_control = slots_[i].control.bytes.data(),
                                .msg_controllen = slots_[i].control.bytes.size(),
                                .msg_flags = 0};
    }
}

void UdpLink::read_slot(std::size_t index, Socket& socket) {
    const mmsghdr& message = messages_[index];
    const DatagramOrigin origin = read_origin(message.msg_hdr);
    if (origin.overflowed != 0) {
        counters_.overflowed += origin.overflowed - socket.overflowed;
        socket.overflowed = origin.overflowed;
    }
    if ((message.msg_hdr.msg_flags & MSG_TRUNC) != 0) {
        ++counters_.truncated;
        return;
    }
    if (message.msg_len == 0 || !origin.from.is_known()) {
        return;
    }
    auto* const begin = static_cast<std::byte*>(slots_[index].bytes.iov_base);
    arrivals_[arrived_] = {
        .bytes = {begin, message.msg_len},
        .segment = origin.segment == 0 ? message.msg_len : origin.segment,
        .from = origin.from,
        .ecn = static_cast<std::uint8_t>(origin.traffic_class & kEcnMask),
    };
    arrivals_[arrived_].from.local_routes = route_changes_;
    ++arrived_;
}

void UdpLink::begin(const Endpoint& to, std::uint8_t traffic_class) {
    to_ = to;
    traffic_class_ = traffic_class;
}

bool UdpLink::commit() {
    const bool sent = send(to_, outgoing_.bytes(), outgoing_.segment(), traffic_class_);
    outgoing_.clear();
    return sent;
}

// The address that a peer has asked is the one it expects an answer from, until the host has
// another way to it (Linux: send4() of its WireGuard). Its IPv6 stays with the address.
bool UdpLink::may_leave_from_local(const Endpoint& to) {
    if (to.local_routes == route_changes_ || !to.address.is_ipv4()) {
        return true;
    }
    if (way_.routes != route_changes_ || way_.to != to.address || way_.from != to.local) {
        way_ = {to.address,
                to.local,
                route_changes_,
                route_interface(to.address, to.local, mark_).value_or(0)};
    }
    return way_.interface == to.local_interface;
}

bool UdpLink::send(const Endpoint& to,
                   crypto::Bytes bytes,
                   std::size_t segment,
                   std::uint8_t traffic_class) {
    const Socket& socket = sockets_[to.address.is_ipv4() ? kIpv4 : kIpv6];
    const bool from_local = to.has_local() && may_leave_from_local(to);
    counters_.source_refused += to.has_local() && !from_local ? 1U : 0U;
    Departure departure{socket.descriptor.get(), to, bytes, segment, traffic_class};
    Outcome outcome = send_all(departure, from_local);
    if (from_local && source_is_gone(outcome.error)) {
        ++counters_.source_refused;
        departure.bytes = bytes.subspan(std::min(bytes.size(), outcome.sent * segment));
        outcome = send_all(departure, false);
    }
    if (outcome.error == 0) {
        return true;
    }
    const std::size_t lost = departure.count() - outcome.sent;
    if (has_no_room(outcome.error)) {
        counters_.no_room += lost;
        return true;
    }
    counters_.refused += lost;
    return false;
}

UdpLink::Outcome UdpLink::send_all(const Departure& departure, bool from_local) {
    if (departure.count() == 1 || !segmentation_fault_.empty()) {
        return send_singly(departure, from_local);
    }
    const Outcome outcome = send_segmented(departure, from_local);
    if (outcome.error == EIO) {
        segmentation_fault_ = fmt::format("UDP_SEGMENT fails: {}", std::strerror(EIO));
        return send_singly(departure, from_local);
    }
    // Larger than the path's MTU, which a forged ICMP message may have shrunk: not for good.
    if (outcome.error == EINVAL || outcome.error == EMSGSIZE) {
        ++counters_.unsegmented;
        return send_singly(departure, from_local);
    }
    return outcome;
}

UdpLink::Outcome UdpLink::send_segmented(const Departure& departure, bool from_local) {
    SocketAddress to;
    to.set(departure.to);
    ControlBytes control;
    iovec bytes{.iov_base = const_cast<std::byte*>(departure.bytes.data()),
                .iov_len = departure.bytes.size()};
    const msghdr message{
        .msg_name = to.bytes(),
        .msg_namelen = to.size(),
        .msg_iov = &bytes,
        .msg_iovlen = 1,
        .msg_control = control.bytes.data(),
        .msg_controllen = write_control(
            control, departure.to, {from_local, departure.segment, departure.traffic_class}),
        .msg_flags = 0};
    ssize_t sent = ::sendmsg(departure.descriptor, &message, 0);
    if (sent < 0 && errno == EAGAIN) {
        wait_for_room(departure.descriptor);
        sent = ::sendmsg(departure.descriptor, &message, 0);
    }
    return sent < 0 ? Outcome{0, errno} : Outcome{departure.count(), 0};
}

UdpLink::Outcome UdpLink::send_singly(const Departure& departure, bool from_local) {
    SocketAddress to;
    to.set(departure.to);
    ControlBytes control;
    const std::size_t control_size =
        write_control(control, departure.to, {from_local, 0, departure.traffic_class});
    std::array<iovec, SegmentBuffer::kDatagramsMax> parts{};
    std::array<mmsghdr, SegmentBuffer::kDatagramsMax> messages{};
    const std::size_t count = std::min(departure.count(), SegmentBuffer::kDatagramsMax);
    for (std::size_t i = 0; i < count; ++i) {
        const crypto::Bytes left = departure.bytes.subspan(i * departure.segment);
        parts[i] = {.iov_base = const_cast<std::byte*>(left.data()),
                    .iov_len = std::min(left.size(), departure.segment)};
        messages[i].msg_hdr = {.msg_name = to.bytes(),
                               .msg_namelen = to.size(),
                               .msg_iov = &parts[i],
                               .msg_iovlen = 1,
                               .msg_control = control.bytes.data(),
                               .msg_controllen = control_size,
                               .msg_flags = 0};
    }
    Outcome outcome;
    bool has_waited = false;
    while (outcome.sent < count) {
        const int sent = ::sendmmsg(departure.descriptor,
                                    &messages[outcome.sent],
                                    static_cast<unsigned>(count - outcome.sent),
                                    0);
        if (sent > 0) {
            outcome.sent += static_cast<std::size_t>(sent);
        } else if (errno == EAGAIN && !has_waited) {
            wait_for_room(departure.descriptor);
            has_waited = true;
        } else if (errno != EINTR) {
            outcome.error = errno;
            return outcome;
        }
    }
    return outcome;
}

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#include "agent/tunnel/xsk_link.hpp"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tollgate::agent {

using crypto::MutableBytes;

namespace {

constexpr std::size_t kEthernet = 14;

void add_losses(const XskInterface& used, LinkCounters& counters) {
    for (const auto& socket : used.sockets) {
        const XskDrops drops = socket->drops();
        counters.overflowed += drops.received();
        counters.no_room += drops.sent();
    }
}

}  // namespace

Result<std::unique_ptr<XskLink>> XskLink::open(std::unique_ptr<UdpLink> udp,
                                               TunnelGate& gate,
                                               Wish wish) {
    auto ways = Ways::open();
    if (!ways) {
        return Failure{ways.error()};
    }
    std::unique_ptr<XskLink> link{new XskLink{std::move(udp), gate, std::move(*ways), wish}};
    static_cast<void>(link->refresh());
    if (wish == Wish::any && link->interfaces_.empty()) {
        return failure(link->obstacle_error_,
                       fmt::format("use the backend xsk: {}", link->reason()));
    }
    return link;
}

std::string_view XskLink::name() const {
    return interfaces_.empty() ? "udp" : "xsk";
}

std::string XskLink::reason() const {
    std::vector<std::string> reasons;
    for (const XskInterface& used : interfaces_) {
        reasons.push_back(
            fmt::format("{} on {}", used.is_zero_copy ? "zero-copy" : "copy", used.interface.name));
    }
    for (const std::string& obstacle : obstacles_) {
        reasons.push_back(fmt::format("not on {}", obstacle));
    }
    if (reasons.empty()) {
        reasons.emplace_back("no interface is protected by XDP");
    }
    if (interfaces_.empty() && !obstacles_.empty() && wish_ == Wish::zero_copy) {
        reasons.emplace_back("copying AF_XDP is slower than UDP with segmentation");
    }
    if (wish_ == Wish::any) {
        reasons.emplace_back(interfaces_.empty() ? "xsk is configured" : "as configured");
    }
    return fmt::format("{}", fmt::join(reasons, "; "));
}

LinkCounters XskLink::counters() const {
    LinkCounters all = counters_;
    const LinkCounters by_udp = udp_->counters();
    all.no_room += by_udp.no_room;
    all.overflowed += by_udp.overflowed;
    for (const XskInterface& used : interfaces_) {
        add_losses(used, all);
    }
    return all;
}

std::vector<XskQueueCounters> XskLink::queues() const {
    std::vector<XskQueueCounters> all;
    for (const XskInterface& used : interfaces_) {
        for (std::uint32_t queue = 0; queue < used.sockets.size(); ++queue) {
            XskQueueCounters& counters = all.emplace_back(used.sockets[queue]->counters());
            counters.interface = used.interface.name;
            counters.queue = queue;
            counters.is_zero_copy = used.is_zero_copy;
        }
    }
    return all;
}

std::vector<int> XskLink::descriptors() const {
    std::vector<int> all = udp_->descriptors();
    all.push_back(ways_.descriptor());
    for (const XskInterface& used : interfaces_) {
        for (const auto& socket : used.sockets) {
            all.push_back(socket->descriptor());
        }
    }
    return all;
}

bool XskLink::refresh() {
    if (unsent_ != nullptr && unsent_->flush()) {
        unsent_ = nullptr;
    }
    const std::uint64_t version = gate_.interfaces_version();
    if (!is_outdated_ && version == seen_version_) {
        return false;
    }
    seen_version_ = version;
    is_outdated_ = false;
    const std::vector<int> before = descriptors();
    look_at_interfaces();
    return descriptors() != before;
}

void XskLink::look_at_interfaces() {
    const std::vector<GateInterface> wanted = gate_.interfaces();
    unsent_ = nullptr;
    ways_.forget_all();
    std::erase_if(interfaces_, [&](XskInterface& used) {
        const bool stays = std::ranges::find(wanted, used.interface) != wanted.end();
        if (stays && used.look()) {
            return false;
        }
        add_losses(used, counters_);
        return true;
    });
    obstacles_.clear();
    obstacle_error_ = ENODEV;
    for (const GateInterface& interface : wanted) {
        if (find(interface.index) != nullptr) {
            continue;
        }
        auto opened = XskInterface::open(interface, gate_, wish_ == Wish::any);
        if (opened) {
            interfaces_.push_back(std::move(*opened));
        } else {
            obstacle_error_ = obstacles_.empty() ? opened.error().code.value() : obstacle_error_;
            obstacles_.push_back(fmt::format("{}: {}", interface.name, opened.error().message()));
        }
    }
}

const XskInterface* XskLink::find(unsigned interface) const {
    const auto found = std::ranges::find_if(
        interfaces_, [&](const XskInterface& used) { return used.interface.index == interface; });
    return found == interfaces_.end() ? nullptr : &*found;
}

std::span<Arrival> XskLink::receive(int descriptor) {
    for (XskInterface& used : interfaces_) {
        for (const auto& socket : used.sockets) {
            if (socket->descriptor() != descriptor) {
                continue;
            }
            arrived_ = 0;
            for (const MutableBytes frame : socket->receive()) {
                take_frame(frame, used.interface.index);
            }
            return {arrivals_.data(), arrived_};
        }
    }
    if (descriptor == ways_.descriptor()) {
        is_outdated_ = ways_.read_news() || is_outdated_;
        return {};
    }
    return udp_->receive(descriptor);
}

void XskLink::take_frame(MutableBytes frame, unsigned interface) {
    const auto datagram = read_outer(frame);
    if (!datagram || datagram->port != port() || !datagram->from.is_known() ||
        datagram->bytes.empty()) {
        ++counters_.malformed;
        return;
    }
    ++counters_.xsk_received;
    Arrival& arrival = arrivals_[arrived_++];
    arrival = {.bytes = datagram->bytes,
               .segment = datagram->bytes.size(),
               .from = datagram->from,
               .ecn = datagram->ecn};
    arrival.from.local_interface = interface;
    if (!arrival.from.address.is_ipv4() && arrival.from.address.is_link_local()) {
        arrival.from.scope = interface;
    }
}

// Null: the kernel has to send.
const XskInterface* XskLink::find_exit(const Endpoint& to) {
    if (interfaces_.empty()) {
        return nullptr;
    }
    KnownWay& known = ways_.find(to, mark_);
    const XskInterface* used = find(known.interface);
    if (used == nullptr) {
        return nullptr;
    }
    if (known.is_stale) {
        known.is_stale = false;
        return nullptr;
    }
    Way way = known.way;
    way.from = used->mac;
    header_ = OuterHeader{way, to, port(), traffic_class_};
    const std::size_t mtu =
        known.mtu == 0 ? used->mtu : std::min<std::size_t>(known.mtu, used->mtu);
    datagram_max_ = mtu + kEthernet - header_.size();
    return used;
}

void XskLink::begin(const Endpoint& to, std::uint8_t traffic_class) {
    to_ = to;
    traffic_class_ = traffic_class;
    const XskInterface* used = find_exit(to);
    if (used == nullptr) {
        leave_by_udp(Exit::udp);
        return;
    }
    exit_ = Exit::xsk;
    socket_ = used->sockets.front().get();
}

void XskLink::leave_by_udp(Exit exit) {
    exit_ = exit;
    udp_->begin(to_, traffic_class_);
}

MutableBytes XskLink::reserve(std::size_t size) {
    if (exit_ != Exit::xsk) {
        const MutableBytes place = udp_->reserve(size);
        count_ += place.empty() ? 0 : 1;
        return place;
    }
    if (size > datagram_max_ || count_ == kVectorMax) {
        if (count_ != 0) {
            return {};
        }
        leave_by_udp(Exit::udp);
        return reserve(size);
    }
    MutableBytes frame = socket_->take();
    if (frame.empty() && count_ == 0) {
        static_cast<void>(socket_->flush());
        socket_->wait_for_room();
        frame = socket_->take();
        if (frame.empty()) {
            leave_by_udp(Exit::nowhere);
            return reserve(size);
        }
    }
    if (frame.empty()) {
        return {};
    }
    outgoing_[count_++] = {frame, header_.size() + size};
    return frame.subspan(header_.size(), size);
}

bool XskLink::commit() {
    const std::size_t count = std::exchange(count_, 0);
    if (exit_ == Exit::udp) {
        return udp_->commit();
    }
    if (exit_ == Exit::nowhere) {
        udp_->abandon();
        counters_.no_room += count;
        return true;
    }
    for (std::size_t i = 0; i < count; ++i) {
        const auto& [frame, size] = outgoing_[i];
        header_.write(frame.first(size), next_id_++);
        socket_->send(frame, size);
    }
    counters_.xsk_sent += count;
    unsent_ = socket_->flush() ? nullptr : socket_;
    return true;
}

void XskLink::abandon() {
    const std::size_t count = std::exchange(count_, 0);
    if (exit_ != Exit::xsk) {
        udp_->abandon();
        return;
    }
    for (std::size_t i = 0; i < count; ++i) {
        socket_->give_back(outgoing_[i].frame);
    }
}

Result<void> XskLink::set_mark(std::uint32_t mark) {
    auto marked = udp_->set_mark(mark);
    if (marked) {
        mark_ = mark;
        ways_.forget_all();
    }
    return marked;
}

}  // namespace tollgate::agent

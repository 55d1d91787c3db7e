// SPDX-License-Identifier: MIT
#include "agent/tunnel/xsk_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "agent/system/privileged.hpp"

namespace tollgate::agent {

using crypto::MutableBytes;

namespace {

constexpr std::size_t kHeadroom = 256;  // XDP_PACKET_HEADROOM: of every frame that is received
constexpr int kRoomPatienceMs = 2;
constexpr int kCallsMax = 8;  // of one flush: the kernel copies up to 32 frames in each

template <typename Value>
bool set(int socket, int option, const Value& value) {
    return ::setsockopt(socket, SOL_XDP, option, &value, sizeof value) == 0;
}

RingMemory ring_at(const Mapping& mapping, const xdp_ring_offset& offset, std::uint32_t size) {
    const auto word = [&](std::uint64_t at) {
        void* const place = mapping.data() + at;
        return static_cast<std::uint32_t*>(place);
    };
    return {.producer = word(offset.producer),
            .consumer = word(offset.consumer),
            .flags = word(offset.flags),
            .entries = mapping.data() + offset.desc,
            .size = size};
}

void count_vector(std::size_t frames, XskWayCounters& counters) {
    if (frames != 0) {
        counters.frames += frames;
        counters.batches.add(static_cast<double>(frames));
    }
}

}  // namespace

Result<Mapping> Mapping::map(std::size_t size, int fd, std::uint64_t offset) {
    const int flags = MAP_POPULATE | (fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED);
    void* const at =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, fd, static_cast<off_t>(offset));
    if (at == MAP_FAILED) {  // NOLINT(*-cast*,*-int-to-ptr): the C library's macro
        return failure(errno, "map memory for an AF_XDP socket");
    }
    return Mapping{MutableBytes{static_cast<std::byte*>(at), size}};
}

Mapping::~Mapping() {
    if (!bytes_.empty()) {
        ::munmap(bytes_.data(), bytes_.size());
    }
}

Mapping::Mapping(Mapping&& other) noexcept : bytes_{std::exchange(other.bytes_, {})} {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
}

Result<std::unique_ptr<XskSocket>> XskSocket::open(const Options& options) {
    FileDescriptor descriptor{privileged::socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0)};
    if (!descriptor) {
        return failure(errno, "open an AF_XDP socket");
    }
    auto frames = Mapping::map((kReceiveFrames + kSendFrames) * kChunk, -1, 0);
    if (!frames) {
        return Failure{frames.error()};
    }
    std::unique_ptr<XskSocket> socket{new XskSocket{std::move(descriptor), std::move(*frames)}};
    auto ready = socket->order_rings().and_then([&] { return socket->map_rings(); });
    if (ready) {
        socket->share_out_frames();
        ready = socket->bind(options);
    }
    if (!ready) {
        return Failure{ready.error()};
    }
    socket->wake_receiver();
    return socket;
}

Result<void> XskSocket::order_rings() const {
    const int fd = socket_.get();
    const void* const area = frames_.data();
    xdp_umem_reg memory{};
    std::memcpy(&memory.addr, &area, sizeof area);
    memory.len = frames_.size();
    memory.chunk_size = kChunk;
    const bool ordered = set(fd, XDP_UMEM_REG, memory) &&
                         set(fd, XDP_UMEM_FILL_RING, kReceiveFrames) &&
                         set(fd, XDP_UMEM_COMPLETION_RING, kSendFrames) &&
                         set(fd, XDP_RX_RING, kReceiveFrames) && set(fd, XDP_TX_RING, kSendFrames);
    return ordered ? Result<void>{} : failure(errno, "make the rings of an AF_XDP socket");
}

Result<void> XskSocket::map_rings() {
    const int fd = socket_.get();
    xdp_mmap_offsets offsets{};
    socklen_t size = sizeof offsets;
    if (::getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &size) != 0 ||
        size != sizeof offsets) {
        return failure(EOPNOTSUPP, "use AF_XDP sockets of a kernel older than 5.4");
    }
    struct Ring {
        const xdp_ring_offset& at;
        std::size_t bytes;
        std::uint64_t page;
    };
    const std::array<Ring, 4> rings{
        {{offsets.fr, kReceiveFrames * sizeof(std::uint64_t), XDP_UMEM_PGOFF_FILL_RING},
         {offsets.rx, kReceiveFrames * sizeof(xdp_desc), XDP_PGOFF_RX_RING},
         {offsets.tx, kSendFrames * sizeof(xdp_desc), XDP_PGOFF_TX_RING},
         {offsets.cr, kSendFrames * sizeof(std::uint64_t), XDP_UMEM_PGOFF_COMPLETION_RING}}};
    for (std::size_t i = 0; i < rings.size(); ++i) {
        const auto bytes = static_cast<std::size_t>(rings[i].at.desc) + rings[i].bytes;
        auto mapped = Mapping::map(bytes, fd, rings[i].page);
        if (!mapped) {
            return Failure{mapped.error()};
        }
        rings_[i] = std::move(*mapped);
    }
    fill_ = ProducerRing<std::uint64_t>{ring_at(rings_[0], offsets.fr, kReceiveFrames)};
    received_ = ConsumerRing<xdp_desc>{ring_at(rings_[1], offsets.rx, kReceiveFrames)};
    to_send_ = ProducerRing<xdp_desc>{ring_at(rings_[2], offsets.tx, kSendFrames)};
    completed_ = ConsumerRing<std::uint64_t>{ring_at(rings_[3], offsets.cr, kSendFrames)};
    return {};
}

void XskSocket::share_out_frames() {
    for (std::uint64_t frame = 0; frame < kReceiveFrames; ++frame) {
        fill_.put(frame * kChunk);
    }
    fill_.publish();
    free_.reserve(kSendFrames);
    for (std::uint64_t frame = kReceiveFrames; frame < kReceiveFrames + kSendFrames; ++frame) {
        free_.push_back(frame * kChunk);
    }
}

Result<void> XskSocket::bind(const Options& options) const {
    sockaddr_xdp address{};
    address.sxdp_family = AF_XDP;
    address.sxdp_flags =
        static_cast<__u16>(XDP_USE_NEED_WAKEUP | (options.is_zero_copy ? XDP_ZEROCOPY : XDP_COPY));
    address.sxdp_ifindex = options.interface;
    address.sxdp_queue_id = options.queue;
    sockaddr generic{};
    static_assert(sizeof address <= sizeof generic);
    std::memcpy(&generic, &address, sizeof address);
    if (privileged::bind(socket_.get(), &generic, sizeof address) != 0) {
        return failure(errno,
                       fmt::format("bind an AF_XDP socket to queue {}{}",
                                   options.queue,
                                   options.is_zero_copy ? " with zero-copy" : ""));
    }
    return {};
}

void XskSocket::wake_receiver() {
    if (fill_.needs_wakeup()) {
        ++receiving_.wakeups;
        ::recvfrom(socket_.get(), nullptr, 0, MSG_DONTWAIT, nullptr, nullptr);
    }
}

// The kernel's descriptors are believed only within our memory.
MutableBytes XskSocket::frame_at(std::uint64_t address, std::size_t size) const {
    if (address >= frames_.size() || size > frames_.size() - address) {
        return {};
    }
    return {frames_.data() + address, size};
}

std::span<const MutableBytes> XskSocket::receive() {
    for (std::size_t i = 0; i < lent_count_; ++i) {
        fill_.put(lent_[i]);
    }
    if (lent_count_ != 0) {
        fill_.publish();
        wake_receiver();
    }
    lent_count_ = std::min<std::size_t>(received_.available(), kVectorMax);
    for (std::size_t i = 0; i < lent_count_; ++i) {
        const xdp_desc frame = received_.take();
        lent_[i] = frame.addr / kChunk * kChunk;
        vector_[i] = frame_at(frame.addr, frame.len);
    }
    received_.release();
    count_vector(lent_count_, receiving_);
    return {vector_.data(), lent_count_};
}

void XskSocket::reclaim() {
    const std::uint32_t count = completed_.available();
    for (std::uint32_t i = 0; i < count && free_.size() < kSendFrames; ++i) {
        free_.push_back(completed_.take() / kChunk * kChunk);
    }
    completed_.release();
}

MutableBytes XskSocket::take() {
    if (free_.empty()) {
        reclaim();
    }
    if (free_.empty()) {
        return {};
    }
    const std::uint64_t address = free_.back();
    free_.pop_back();
    return frame_at(address + kHeadroom, kFrameBytesMax);
}

void XskSocket::give_back(MutableBytes frame) {
    free_.push_back(static_cast<std::uint64_t>(frame.data() - frames_.data()) / kChunk * kChunk);
}

void XskSocket::send(MutableBytes frame, std::size_t size) {
    // As many entries as frames to send: there is room.
    to_send_.put({.addr = static_cast<__u64>(frame.data() - frames_.data()),
                  .len = static_cast<__u32>(size),
                  .options = 0});
    ++unpublished_;
}

bool XskSocket::flush() {
    to_send_.publish();
    count_vector(std::exchange(unpublished_, 0), sending_);
    for (int i = 0; i < kCallsMax && to_send_.waiting() != 0 && to_send_.needs_wakeup(); ++i) {
        ++sending_.wakeups;
        if (::sendto(socket_.get(), nullptr, 0, MSG_DONTWAIT, nullptr, 0) < 0 && errno != EAGAIN &&
            errno != EINTR) {
            break;
        }
    }
    return to_send_.waiting() == 0;
}

void XskSocket::wait_for_room() const {
    pollfd ready{.fd = socket_.get(), .events = POLLOUT, .revents = 0};
    ::poll(&ready, 1, kRoomPatienceMs);
}

XskDrops XskSocket::drops() const {
    xdp_statistics counted{};
    socklen_t size = sizeof counted;
    if (::getsockopt(socket_.get(), SOL_XDP, XDP_STATISTICS, &counted, &size) != 0) {
        return {};
    }
    return {.rx_dropped = counted.rx_dropped,
            .rx_invalid = counted.rx_invalid_descs,
            .rx_ring_full = counted.rx_ring_full,
            .rx_fill_empty = counted.rx_fill_ring_empty_descs,
            .tx_invalid = counted.tx_invalid_descs};
}

XskQueueCounters XskSocket::counters() const {
    XskQueueCounters counters;
    counters.received = receiving_;
    counters.sent = sending_;
    counters.drops = drops();
    return counters;
}

}  // namespace tollgate::agent

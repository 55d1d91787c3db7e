// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/system/file_descriptor.hpp"
#include "agent/tunnel/xsk_counters.hpp"
#include "agent/tunnel/xsk_ring.hpp"
#include "crypto/bytes.hpp"

namespace tollgate::agent {

/// A part of memory that is mapped (mmap(2)); unmapped with the object.
class Mapping {
  public:
    Mapping() = default;
    /// @param fd  -1: memory of our own, zeros
    [[nodiscard]] static Result<Mapping> map(std::size_t size, int fd, std::uint64_t offset);
    ~Mapping();
    Mapping(Mapping&& other) noexcept;
    Mapping& operator=(Mapping&& other) noexcept;
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;

    [[nodiscard]] std::byte* data() const { return bytes_.data(); }
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }

  private:
    explicit Mapping(crypto::MutableBytes bytes) : bytes_{bytes} {}
    crypto::MutableBytes bytes_;
};

/// An AF_XDP socket on one receive queue of an interface, with frames of its own that the kernel
/// (zero-copy: the interface itself) writes to and sends from. One thread uses it.
///
/// What the queue receives comes here only if an XDP program sends it here.
class XskSocket {
  public:
    static constexpr std::size_t kVectorMax = 64;
    /// Of the frame that is sent or received, without the room that XDP programs have before it.
    static constexpr std::size_t kFrameBytesMax = 1792;

    struct Options {
        unsigned interface = 0;
        std::uint32_t queue = 0;
        bool is_zero_copy = false;
    };
    /// Fails with EPERM without CAP_NET_RAW, EAFNOSUPPORT if the kernel has no AF_XDP, EOPNOTSUPP
    /// if the driver has no zero-copy, EBUSY if the queue has a socket, EINVAL if there is no such
    /// queue, ENOBUFS or ENOMEM for want of memory.
    [[nodiscard]] static Result<std::unique_ptr<XskSocket>> open(const Options& options);

    /// Polls readable when a frame has come.
    [[nodiscard]] int descriptor() const { return socket_.get(); }

    /// What has come, at most kVectorMax frames; they are ours until the next call. Never blocks.
    [[nodiscard]] std::span<const crypto::MutableBytes> receive();

    /// A frame to send from, kFrameBytesMax bytes. Empty: all wait to be sent.
    [[nodiscard]] crypto::MutableBytes take();
    /// Gives one back that is not sent.
    void give_back(crypto::MutableBytes frame);
    /// Sends the first `size` bytes of a frame that was taken, once flush() was called.
    void send(crypto::MutableBytes frame, std::size_t size);
    /// Tells the kernel to send. Never blocks; what it has no room for now waits for the next call.
    /// @return false if something still waits
    bool flush();
    /// Waits until the kernel may have room again, for some milliseconds at most.
    void wait_for_room() const;

    [[nodiscard]] XskDrops drops() const;
    /// But for the names of interface and queue.
    [[nodiscard]] XskQueueCounters counters() const;

  private:
    static constexpr std::size_t kChunk = 2048;
    static constexpr std::uint32_t kReceiveFrames = 2048;
    static constexpr std::uint32_t kSendFrames = 1024;

    XskSocket(FileDescriptor socket, Mapping frames)
        : socket_{std::move(socket)}, frames_{std::move(frames)} {}
    [[nodiscard]] Result<void> order_rings() const;
    [[nodiscard]] Result<void> map_rings();
    void share_out_frames();
    [[nodiscard]] Result<void> bind(const Options& options) const;
    void wake_receiver();
    void reclaim();
    [[nodiscard]] crypto::MutableBytes frame_at(std::uint64_t address, std::size_t size) const;

    FileDescriptor socket_;
    Mapping frames_;
    std::array<Mapping, 4> rings_;
    ProducerRing<std::uint64_t> fill_;
    ConsumerRing<xdp_desc> received_;
    ProducerRing<xdp_desc> to_send_;
    ConsumerRing<std::uint64_t> completed_;

    std::array<std::uint64_t, kVectorMax> lent_{};  ///< addresses of the frames of receive()
    std::array<crypto::MutableBytes, kVectorMax> vector_;
    std::size_t lent_count_ = 0;
    std::vector<std::uint64_t> free_;  ///< to send from; never grows
    std::size_t unpublished_ = 0;      ///< frames of send() since the last flush()
    XskWayCounters receiving_;
    XskWayCounters sending_;
};

}  // namespace tollgate::agent

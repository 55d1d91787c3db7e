// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <tollgate/result.hpp>

#include "agent/system/file_descriptor.hpp"
#include "agent/tunnel/coalesce.hpp"
#include "agent/tunnel/port.hpp"
#include "agent/tunnel/tun_control.hpp"

namespace tollgate::agent {

/// What a TUN device had to drop.
struct TunCounters {
    std::uint64_t malformed = 0;  ///< from the host, and contradict their header
    std::uint64_t refused = 0;    ///< to the host, which did not take them: interface down, say
};

/// A TUN device: an interface of the host whose packets we read and write, in units of up to 64 KiB
/// (IFF_VNET_HDR: TSO both ways, USO since Linux 6.2). Goes when the object does, unless it is
/// persistent.
class TunPort : public Port {
  public:
    /// How many there are of an interface is decided when it is made: a persistent one stays so,
    /// and is refused otherwise (TunError::other_kind).
    enum class Queues : std::uint8_t {
        one,
        first,    ///< of several (IFF_MULTI_QUEUE)
        further,  ///< of an interface whose first queue is open; numbered in the order of opening
    };
    struct Options {
        std::string name;        ///< of the interface
        std::size_t mtu = 1420;  ///< bytes; 68 to 65,535
        Queues queues = Queues::one;
        /// Called with the name when the interface is there but not up; its error ends it all.
        std::function<Result<void>(const std::string& name)> before_up{};
    };
    /// Makes the interface, or takes one that was persistent, up, in the network namespace of this
    /// thread. It may be moved to another later and goes on working here. Fails with EPERM without
    /// CAP_NET_ADMIN, EBUSY if somebody has the interface, TunError::other_kind if there is another
    /// of that name, EINVAL if the name or MTU is none, ENOENT without /dev/net/tun.
    [[nodiscard]] static Result<std::unique_ptr<TunPort>> open(const Options& options);

    [[nodiscard]] int descriptor() const override { return device_.get(); }
    [[nodiscard]] std::optional<HostPacket> receive() override;
    void send(std::span<const crypto::MutableBytes> packets) override;
    void set_carrier(bool is_on) override;
    [[nodiscard]] Result<void> set_persistent(bool is_on) override;
    /// As it is now: an administrator may change it. A system call.
    [[nodiscard]] std::size_t mtu() const override { return control_->mtu().value_or(mtu_); }

    /// Lets a socket filter choose the queue of each packet of the host, for all queues.
    /// @return EINVAL: it is no such program, or a kernel before 4.16
    [[nodiscard]] Result<void> steer(int program);
    /// Whether the host gives and takes many UDP datagrams as one.
    [[nodiscard]] bool has_udp_segmentation() const { return has_udp_segmentation_; }
    [[nodiscard]] const TunCounters& counters() const { return counters_; }

  private:
    TunPort(FileDescriptor device, std::size_t mtu, bool has_udp_segmentation);

    FileDescriptor device_;
    std::unique_ptr<TunControl> control_;
    std::size_t mtu_;  ///< at first
    bool has_udp_segmentation_;
    Coalescer coalescer_;
    std::unique_ptr<std::byte[]> buffer_;  ///< no zeros, see SegmentBuffer
    TunCounters counters_;
};

/// Removes a persistent TUN device that nobody holds; without /dev/net/tun, whoever holds it.
/// @return EBUSY: somebody does; else as TunPort::open()
[[nodiscard]] Result<void> remove_tun(const std::string& name);

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#include "agent/tunnel/tun_port.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <fmt/format.h>

#include "agent/system/file.hpp"
#include "agent/system/interface.hpp"
#include "agent/system/routes.hpp"
#include "agent/tunnel/tun_error.hpp"

namespace tollgate::agent {

namespace {

constexpr std::size_t kMtuMin = 68;  // RFC 791
constexpr std::size_t kMtuMax = 65'535;
constexpr std::size_t kBufferBytes = sizeof(VirtioHeader) + kMtuMax + 1;
// As a NIC has. The driver's own 500 are over in 3 ms of small datagrams, which is less than a busy
// core may keep us waiting.
constexpr int kQueuePackets = 1000;
constexpr unsigned kUdpSegmentation = 0x20U | 0x40U;  // TUN_F_USO4 | TUN_F_USO6, Linux 6.2

ifreq request_for(const std::string& name) {
    ifreq request{};
    name.copy(&request.ifr_name[0], IFNAMSIZ - 1);
    return request;
}

/// The kernel lets anybody with its rights add queues to an interface that has several.
bool is_held(const std::string& name) {
    const FileDescriptor socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    ethtool_value link{.cmd = ETHTOOL_GLINK, .data = 0};
    ifreq request = request_for(name);
    void* const question = &link;
    request.ifr_data = static_cast<char*>(question);
    return ::ioctl(socket.get(), SIOCETHTOOL, &request) == 0 && link.data != 0;
}

Result<FileDescriptor> open_device(const TunPort::Options& options) {
    if (options.queues == TunPort::Queues::first && is_held(options.name)) {
        return failure(EBUSY, fmt::format("make the TUN device {}", options.name));
    }
    FileDescriptor device{::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)};
    if (!device) {
        return failure(errno, "open /dev/net/tun");
    }
    ifreq request = request_for(options.name);
    const int queues = options.queues == TunPort::Queues::one ? 0 : IFF_MULTI_QUEUE;
    request.ifr_flags = static_cast<short>(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | queues);
    if (::ioctl(device.get(), TUNSETIFF, &request) != 0) {
        const auto error = errno == EINVAL ? make_error_code(TunError::other_kind)
                                           : std::error_code{errno, std::generic_category()};
        return Failure{{error, fmt::format("make the TUN device {}", options.name)}};
    }
    return device;
}

/// @return whether UDP is segmented too
Result<bool> offer_offloads(const FileDescriptor& device, const std::string& name) {
    const unsigned offloads = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
    if (::ioctl(device.get(), TUNSETOFFLOAD, offloads | kUdpSegmentation) == 0) {
        return true;
    }
    if (::ioctl(device.get(), TUNSETOFFLOAD, offloads) == 0) {
        return false;
    }
    return failure(errno, fmt::format("set the offloads of {}", name));
}

Result<void> bring_up(const std::string& name, std::size_t mtu) {
    const FileDescriptor socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    ifreq request = request_for(name);
    request.ifr_mtu = static_cast<int>(mtu);
    if (::ioctl(socket.get(), SIOCSIFMTU, &request) != 0) {
        return failure(errno, fmt::format("set the MTU of {} to {}", name, mtu));
    }
    request.ifr_qlen = kQueuePackets;
    if (::ioctl(socket.get(), SIOCSIFTXQLEN, &request) != 0) {
        return failure(errno, fmt::format("set the queue of {} to {}", name, kQueuePackets));
    }
    if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) {
        return failure(errno, fmt::format("read the flags of {}", name));
    }
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
    if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) {
        return failure(errno, fmt::format("bring {} up", name));
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<TunPort>> TunPort::open(const Options& options) {
    if (!is_interface_name(options.name) || options.mtu < kMtuMin || options.mtu > kMtuMax) {
        return failure(EINVAL, fmt::format("make the TUN device {}", options.name));
    }
    auto device = open_device(options);
    if (!device) {
        return Failure{device.error()};
    }
    const auto has_udp_segmentation = offer_offloads(*device, options.name);
    if (!has_udp_segmentation) {
        return Failure{has_udp_segmentation.error()};
    }
    // A tunnel has no link to be local to: without an address of its own the interface is silent.
    static_cast<void>(forbid_link_local_address(if_nametoindex(options.name.c_str())));
    if (options.before_up) {
        if (const auto prepared = options.before_up(options.name); !prepared) {
            return Failure{prepared.error()};
        }
    }
    if (const auto up = bring_up(options.name, options.mtu); !up) {
        return Failure{up.error()};
    }
    return std::unique_ptr<TunPort>{
        new TunPort{std::move(*device), options.mtu, *has_udp_segmentation}};
}

TunPort::TunPort(FileDescriptor device, std::size_t mtu, bool has_udp_segmentation)
    : device_{std::move(device)},
      control_{std::make_unique<TunControl>(device_.get())},
      mtu_{mtu},
      has_udp_segmentation_{has_udp_segmentation},
      coalescer_{has_udp_segmentation},
      buffer_{std::make_unique_for_overwrite<std::byte[]>(kBufferBytes)} {}

std::optional<HostPacket> TunPort::receive() {
    for (;;) {
        const ssize_t size = ::read(device_.get(), buffer_.get(), kBufferBytes);
        if (size < 0) {
            return std::nullopt;
        }
        auto packet = HostPacket::read({buffer_.get(), static_cast<std::size_t>(size)});
        if (packet) {
            return packet;
        }
        ++counters_.malformed;
    }
}

void TunPort::send(std::span<const crypto::MutableBytes> packets) {
    std::array<iovec, 1 + Coalescer::kPacketsMax> parts{};
    while (!packets.empty()) {
        const std::size_t taken = coalescer_.take(packets);
        VirtioHeader header = coalescer_.header();
        const auto joined = coalescer_.parts();
        parts[0] = {.iov_base = &header, .iov_len = sizeof header};
        std::copy(joined.begin(), joined.end(), parts.begin() + 1);
        if (::writev(device_.get(), parts.data(), static_cast<int>(1 + joined.size())) < 0) {
            counters_.refused += taken;
        }
        packets = packets.subspan(taken);
    }
}

// Refused before Linux 5.0: then the host's packets reach us, and a device that is down drops them.
void TunPort::set_carrier(bool is_on) {
    int carrier = is_on ? 1 : 0;
    ::ioctl(device_.get(), TUNSETCARRIER, &carrier);
}

Result<void> TunPort::set_persistent(bool is_on) {
    if (::ioctl(device_.get(), TUNSETPERSIST, is_on ? 1 : 0) != 0) {
        return failure(errno, "keep the TUN device");
    }
    return {};
}

Result<void> TunPort::steer(int program) {
    if (::ioctl(device_.get(), TUNSETSTEERINGEBPF, &program) != 0) {
        return failure(errno, "steer packets to the queues of the TUN device");
    }
    return {};
}

Result<void> remove_tun(const std::string& name) {
    auto device = open_device({.name = name});
    // A pod without tunnels has no TUN device, and may have an interface of the one before it.
    if (!device && device.error().code == std::errc::no_such_file_or_directory) {
        return interface_index(name).and_then(remove_interface);
    }
    if (!device && device.error().code == TunError::other_kind) {
        device = open_device({.name = name, .queues = TunPort::Queues::first});
    }
    if (!device) {
        return Failure{device.error()};
    }
    if (::ioctl(device->get(), TUNSETPERSIST, 0) != 0) {
        return failure(errno, fmt::format("remove the TUN device {}", name));
    }
    return {};
}

}  // namespace tollgate::agent

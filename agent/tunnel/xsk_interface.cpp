// SPDX-License-Identifier: MIT
#include "agent/tunnel/xsk_interface.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "agent/system/interface.hpp"
#include "agent/system/privileged.hpp"
#include "agent/system/routes.hpp"

namespace tollgate::agent {

namespace {

constexpr std::size_t kEthernet = 14;
constexpr std::size_t kMtuMax = XskSocket::kFrameBytesMax - kEthernet;
// The kernel takes the sockets of an agent that has just died apart in the background.
constexpr int kBusyAttempts = 10;
constexpr std::chrono::milliseconds kBusyWait{20};

ifreq request_for(const std::string& name) {
    ifreq request{};
    name.copy(&request.ifr_name[0], IFNAMSIZ - 1);
    return request;
}

Result<MacAddress> ethernet_address(const std::string& name) {
    const FileDescriptor socket{privileged::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    ifreq request = request_for(name);
    if (::ioctl(socket.get(), SIOCGIFHWADDR, &request) != 0) {
        return failure(errno, "read its address");
    }
    if (request.ifr_hwaddr.sa_family != ARPHRD_ETHER) {
        return failure(EPROTONOSUPPORT, "use an interface that is not Ethernet");
    }
    MacAddress mac;
    std::memcpy(mac.bytes.data(), &request.ifr_hwaddr.sa_data[0], mac.bytes.size());
    return mac;
}

/// One if the driver does not say.
std::uint32_t receive_queues(const std::string& name) {
    const FileDescriptor socket{privileged::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    ethtool_channels channels{};
    channels.cmd = ETHTOOL_GCHANNELS;
    ifreq request = request_for(name);
    void* const asked = &channels;
    request.ifr_data = static_cast<char*>(asked);
    if (::ioctl(socket.get(), SIOCETHTOOL, &request) != 0) {
        return 1;
    }
    return std::clamp<std::uint32_t>(channels.rx_count + channels.combined_count, 1, TG_QUEUES_MAX);
}

Result<std::unique_ptr<XskSocket>> open_patiently(const XskSocket::Options& options) {
    auto socket = XskSocket::open(options);
    for (int i = 1; i < kBusyAttempts && !socket && socket.error().code.value() == EBUSY; ++i) {
        std::this_thread::sleep_for(kBusyWait);
        socket = XskSocket::open(options);
    }
    return socket;
}

Result<void> open_sockets(XskInterface& opened, TunnelGate& gate) {
    opened.sockets.clear();
    const std::uint32_t queues = receive_queues(opened.interface.name);
    for (std::uint32_t queue = 0; queue < queues; ++queue) {
        auto socket = open_patiently({opened.interface.index, queue, opened.is_zero_copy});
        if (!socket) {
            return Failure{socket.error()};
        }
        opened.sockets.push_back(std::move(*socket));
    }
    // Nothing comes to a queue before all have a socket.
    for (std::uint32_t queue = 0; queue < queues; ++queue) {
        const int descriptor = opened.sockets[queue]->descriptor();
        if (auto handed = gate.hand_over(opened.interface, queue, descriptor); !handed) {
            return handed;
        }
    }
    return {};
}

}  // namespace

Result<XskInterface> XskInterface::open(const GateInterface& interface,
                                        TunnelGate& gate,
                                        bool may_copy) {
    XskInterface opened;
    opened.interface = interface;
    if (!interface.has_xdp) {
        return failure(ENODEV, "find its XDP program");
    }
    if (auto seen = opened.look(); !seen) {
        return Failure{seen.error()};
    }
    opened.is_zero_copy = true;
    auto sockets = open_sockets(opened, gate);
    if (!sockets && may_copy) {
        opened.is_zero_copy = false;
        sockets = open_sockets(opened, gate);
    }
    if (!sockets) {
        return Failure{sockets.error()};
    }
    return opened;
}

Result<void> XskInterface::look() {
    const auto index = interface_index(interface.name);
    if (!index || *index != interface.index) {
        return failure(ENODEV, "find the interface");
    }
    const auto now = ethernet_address(interface.name);
    const auto size = interface_mtu(interface.index);
    if (!now || !size) {
        return Failure{now ? size.error() : now.error()};
    }
    if (*size > kMtuMax) {
        return failure(EMSGSIZE, fmt::format("take frames of an MTU of {}", *size));
    }
    mac = *now;
    mtu = *size;
    return {};
}

}  // namespace tollgate::agent

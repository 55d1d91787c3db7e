// SPDX-License-Identifier: MIT
#include "agent/system/interface.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>

#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "agent/system/privileged.hpp"

namespace tollgate::agent {

namespace {

struct FreeNames {
    void operator()(struct if_nameindex* list) const { ::if_freenameindex(list); }
};
struct FreeAddresses {
    void operator()(ifaddrs* list) const { ::freeifaddrs(list); }
};

IpAddress ip_of(const sockaddr& address) {
    IpAddress ip;
    if (address.sa_family == AF_INET) {
        sockaddr_in ipv4{};
        std::memcpy(&ipv4, &address, sizeof ipv4);
        ip.bytes[10] = ip.bytes[11] = 0xff;
        std::memcpy(&ip.bytes[12], &ipv4.sin_addr, sizeof ipv4.sin_addr);
    } else {
        sockaddr_in6 ipv6{};
        std::memcpy(&ipv6, &address, sizeof ipv6);
        std::memcpy(ip.bytes.data(), &ipv6.sin6_addr, sizeof ipv6.sin6_addr);
    }
    return ip;
}

InterfaceAddress address_of(const ifaddrs& entry) {
    const IpAddress address = ip_of(*entry.ifa_addr);
    // A mask of IPv4 becomes one of the mapped form: its first 96 bits are all ones.
    IpAddress mask = ip_of(*entry.ifa_netmask);
    if (entry.ifa_addr->sa_family == AF_INET) {
        std::fill_n(mask.bytes.begin(), 12, std::uint8_t{0xff});
    }
    Prefix network;
    network.length = 0;
    for (std::size_t i = 0; i < mask.bytes.size(); ++i) {
        network.address.bytes[i] = address.bytes[i] & mask.bytes[i];
        network.length = static_cast<std::uint8_t>(network.length + std::popcount(mask.bytes[i]));
    }
    return {address, network};
}

bool holds_ip_address(const ifaddrs& entry) {
    return entry.ifa_addr != nullptr && entry.ifa_netmask != nullptr &&
           (entry.ifa_addr->sa_family == AF_INET || entry.ifa_addr->sa_family == AF_INET6);
}

}  // namespace

bool is_interface_name(std::string_view name) {
    const auto forbidden = [](char c) {
        return c == '/' || c == ':' || c == '\0' ||
               std::isspace(static_cast<unsigned char>(c)) != 0;
    };
    return !name.empty() && name.size() < IFNAMSIZ && name != "." && name != ".." &&
           std::none_of(name.begin(), name.end(), forbidden);
}

Result<unsigned> interface_index(const std::string& name) {
    const FileDescriptor socket{privileged::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    ifreq request{};
    if (name.size() < IFNAMSIZ) {
        name.copy(&request.ifr_name[0], IFNAMSIZ - 1);
    }
    if (::ioctl(socket.get(), SIOCGIFINDEX, &request) != 0) {
        return failure(ENODEV, fmt::format("find interface {}", name));
    }
    return static_cast<unsigned>(request.ifr_ifindex);
}

std::string interface_name(unsigned index) {
    const FileDescriptor socket{privileged::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    ifreq request{};
    request.ifr_ifindex = static_cast<int>(index);
    return ::ioctl(socket.get(), SIOCGIFNAME, &request) != 0 ? "" : &request.ifr_name[0];
}

std::vector<std::string> interfaces() {
    std::vector<std::string> names;
    const std::unique_ptr<struct if_nameindex, FreeNames> list{::if_nameindex()};
    for (auto* entry = list.get(); entry != nullptr && entry->if_index != 0; ++entry) {
        names.emplace_back(entry->if_name);
    }
    return names;
}

Result<std::vector<InterfaceAddress>> interface_addresses(const std::string& name) {
    if (const auto index = interface_index(name); !index) {
        return Failure{index.error()};
    }
    ifaddrs* head = nullptr;
    if (::getifaddrs(&head) != 0) {
        return failure(errno, fmt::format("list the addresses of {}", name));
    }
    const std::unique_ptr<ifaddrs, FreeAddresses> list{head};
    std::vector<InterfaceAddress> addresses;
    for (const ifaddrs* entry = head; entry != nullptr; entry = entry->ifa_next) {
        if (name == entry->ifa_name && holds_ip_address(*entry)) {
            addresses.push_back(address_of(*entry));
        }
    }
    return addresses;
}

Result<InterfaceMonitor> InterfaceMonitor::open() {
    FileDescriptor socket{
        ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE)};
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
    sockaddr generic{};
    static_assert(sizeof address <= sizeof generic);
    std::memcpy(&generic, &address, sizeof address);
    if (!socket || ::bind(socket.get(), &generic, sizeof address) != 0) {
        return failure(errno, "watch the interfaces by rtnetlink");
    }
    return InterfaceMonitor{std::move(socket)};
}

bool InterfaceMonitor::drain() const {
    bool news = false;
    std::array<char, 8192> message{};
    for (;;) {
        const ssize_t size = ::recv(socket_.get(), message.data(), message.size(), 0);
        if (size > 0 || (size < 0 && errno == ENOBUFS)) {
            news = true;  // ENOBUFS: news was lost, which is news
        } else if (size == 0 || errno != EINTR) {
            return news;
        }
    }
}

}  // namespace tollgate::agent

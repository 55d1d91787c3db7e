// SPDX-License-Identifier: MIT
#include <array>
#include <cerrno>
#include <cstring>
#include <span>

#include <linux/ethtool.h>
#include <linux/genetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/doctor/interface_facts.hpp"
#include "agent/system/file_descriptor.hpp"
#include "agent/system/interface.hpp"
#include "agent/system/netlink.hpp"

namespace tollgate::agent {
namespace {

// linux/netdev.h, which is younger (6.3) than the headers of Debian 12.
constexpr std::uint8_t kDeviceGet = 1;        // NETDEV_CMD_DEV_GET
constexpr std::uint16_t kDeviceIndex = 1;     // NETDEV_A_DEV_IFINDEX
constexpr std::uint16_t kDeviceFeatures = 3;  // NETDEV_A_DEV_XDP_FEATURES

/// Asks a generic netlink family. @return the attributes of the answer, in `buffer`
Result<std::span<const std::byte>> ask_generic(netlink::Request request, netlink::Answer& buffer) {
    const FileDescriptor socket{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC)};
    const auto bytes = request.bytes();
    if (!socket || ::send(socket.get(), bytes.data(), bytes.size(), 0) < 0) {
        return failure(errno, "ask the kernel for the features of a driver");
    }
    const ssize_t size = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    nlmsghdr header{};
    if (size < static_cast<ssize_t>(sizeof header)) {
        return failure(size < 0 ? errno : EPROTO, "ask the kernel for the features of a driver");
    }
    std::memcpy(&header, buffer.data(), sizeof header);
    if (header.nlmsg_type == NLMSG_ERROR) {
        return failure(EOPNOTSUPP, "ask the kernel for the features of a driver");
    }
    return netlink::attributes_of<genlmsghdr>({buffer.data(), static_cast<std::size_t>(size)});
}

template <typename Number>
std::optional<Number> number_of(std::span<const std::byte> attributes, std::uint16_t type) {
    const auto value = netlink::find(attributes, type);
    Number number{};
    if (value.size() < sizeof number) {
        return std::nullopt;
    }
    std::memcpy(&number, value.data(), sizeof number);
    return number;
}

std::optional<std::uint16_t> family_number(const char* name) {
    genlmsghdr header{};
    header.cmd = CTRL_CMD_GETFAMILY;
    header.version = 1;
    netlink::Request request{GENL_ID_CTRL, 0, header};
    const void* bytes = name;
    request.add(CTRL_ATTR_FAMILY_NAME,
                {static_cast<const std::uint8_t*>(bytes), std::strlen(name) + 1});
    netlink::Answer buffer{};
    const auto answer = ask_generic(request, buffer);
    return answer ? number_of<std::uint16_t>(*answer, CTRL_ATTR_FAMILY_ID) : std::nullopt;
}

std::optional<std::uint64_t> xdp_features(unsigned index) {
    const auto family = family_number("netdev");
    if (!family) {
        return std::nullopt;
    }
    genlmsghdr header{};
    header.cmd = kDeviceGet;
    header.version = 1;
    netlink::Request request{*family, 0, header};
    request.add(kDeviceIndex, index);
    netlink::Answer buffer{};
    const auto answer = ask_generic(request, buffer);
    return answer ? number_of<std::uint64_t>(*answer, kDeviceFeatures) : std::nullopt;
}

/// The ioctl of ethtool(8), with one of its structs. @return false: the driver does not answer
template <typename Command>
bool ethtool(const std::string& interface, Command& command) {
    const FileDescriptor socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    ifreq request{};
    interface.copy(request.ifr_name, sizeof request.ifr_name - 1);
    void* argument = &command;
    request.ifr_data = static_cast<char*>(argument);
    return socket && ::ioctl(socket.get(), SIOCETHTOOL, &request) == 0;
}

}  // namespace

Result<DriverFacts> driver_facts(const std::string& interface) {
    const auto index = interface_index(interface);
    if (!index) {
        return Failure{index.error()};
    }
    DriverFacts facts;
    ethtool_drvinfo driver{};
    driver.cmd = ETHTOOL_GDRVINFO;
    if (ethtool(interface, driver)) {
        facts.name.assign(driver.driver, ::strnlen(driver.driver, sizeof driver.driver));
    }
    ethtool_value flags{};
    flags.cmd = ETHTOOL_GFLAGS;
    facts.lro = ethtool(interface, flags) && (flags.data & ETH_FLAG_LRO) != 0;
    facts.xdp_features = xdp_features(*index);
    return facts;
}

std::optional<std::uint32_t> interface_mtu(const std::string& interface) {
    const FileDescriptor socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    ifreq request{};
    interface.copy(request.ifr_name, sizeof request.ifr_name - 1);
    return socket && ::ioctl(socket.get(), SIOCGIFMTU, &request) == 0
               ? std::optional{static_cast<std::uint32_t>(request.ifr_mtu)}
               : std::nullopt;
}

}  // namespace tollgate::agent

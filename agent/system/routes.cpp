// SPDX-License-Identifier: MIT
#include "agent/system/routes.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

namespace {

constexpr std::size_t kRequestBytes = 512;
constexpr std::size_t kAnswerBytes = 32'768;  // of one recv(2): the most that a dump fills
constexpr std::uint8_t kIpv4Offset = 96;      // of an IPv4 prefix in the mapped form, bits

std::span<const std::uint8_t> wire_bytes(const IpAddress& address) {
    const std::span<const std::uint8_t> all{address.bytes};
    return address.is_ipv4() ? all.subspan(kIpv4Offset / 8) : all;
}

std::uint8_t wire_length(const Prefix& prefix) {
    return prefix.address.is_ipv4() ? static_cast<std::uint8_t>(prefix.length - kIpv4Offset)
                                    : prefix.length;
}

std::uint8_t family_of(const IpAddress& address) {
    return address.is_ipv4() ? AF_INET : AF_INET6;
}

/// A message to the kernel: header, fixed part, attributes.
class Request {
  public:
    template <typename Body>
    Request(std::uint16_t type, unsigned flags, const Body& body) {
        nlmsghdr header{};
        header.nlmsg_type = type;
        header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
        append(&header, sizeof header);
        append(&body, sizeof body);
    }

    void add(std::uint16_t type, std::span<const std::uint8_t> value) {
        rtattr attribute{};
        attribute.rta_type = type;
        attribute.rta_len = static_cast<std::uint16_t>(sizeof attribute + value.size());
        append(&attribute, sizeof attribute);
        append(value.data(), value.size());
    }
    void add(std::uint16_t type, std::uint32_t value) {
        std::array<std::uint8_t, sizeof value> bytes{};
        std::memcpy(bytes.data(), &value, sizeof value);
        add(type, bytes);
    }

    [[nodiscard]] std::span<const std::byte> bytes() {
        const auto size = static_cast<std::uint32_t>(size_);
        std::memcpy(bytes_.data() + offsetof(nlmsghdr, nlmsg_len), &size, sizeof size);
        return {bytes_.data(), size_};
    }

  private:
    void append(const void* bytes, std::size_t size) {
        std::memcpy(bytes_.data() + size_, bytes, size);
        size_ = NLMSG_ALIGN(size_ + size);
    }

    std::array<std::byte, kRequestBytes> bytes_{};
    std::size_t size_ = 0;
};

/// The kernel's answer. @return its bytes; a negative acknowledgement is the errno value that it
/// carries
Result<std::span<const std::byte>> ask(Request& request,
                                       std::array<std::byte, kAnswerBytes>& buffer,
                                       const std::string& what) {
    const FileDescriptor socket{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
    const auto bytes = request.bytes();
    if (!socket || ::send(socket.get(), bytes.data(), bytes.size(), 0) < 0) {
        return failure(errno, what);
    }
    ssize_t size = 0;
    do {
        size = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    } while (size < 0 && errno == EINTR);
    nlmsghdr header{};
    if (size < static_cast<ssize_t>(sizeof header)) {
        return failure(size < 0 ? errno : EPROTO, what);
    }
    std::memcpy(&header, buffer.data(), sizeof header);
    if (header.nlmsg_type == NLMSG_ERROR) {
        nlmsgerr refusal{};
        std::memcpy(&refusal, buffer.data() + NLMSG_HDRLEN, sizeof refusal);
        if (refusal.error != 0) {
            return failure(-refusal.error, what);
        }
    }
    return std::span<const std::byte>{buffer.data(), static_cast<std::size_t>(size)};
}

Result<void> order(Request request, const std::string& what) {
    std::array<std::byte, kAnswerBytes> buffer{};
    const auto answer = ask(request, buffer, what);
    return answer ? Result<void>{} : Failure{answer.error()};
}

/// Calls `visit(span)` with the body of each message of a dump.
template <typename Visit>
Result<void> list(Request request, const Visit& visit) {
    const FileDescriptor socket{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
    const auto bytes = request.bytes();
    if (!socket || ::send(socket.get(), bytes.data(), bytes.size(), 0) < 0) {
        return failure(errno, "list routes");
    }
    std::array<std::byte, kAnswerBytes> buffer{};
    for (;;) {
        const ssize_t size = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
        if (size < 0 && errno == EINTR) {
            continue;
        }
        std::span<const std::byte> left{buffer.data(),
                                        static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
        if (left.empty()) {
            return failure(size < 0 ? errno : EPROTO, "list routes");
        }
        while (left.size() >= sizeof(nlmsghdr)) {
            nlmsghdr header{};
            std::memcpy(&header, left.data(), sizeof header);
            if (header.nlmsg_type == NLMSG_DONE) {
                return {};
            }
            if (header.nlmsg_type == NLMSG_ERROR || header.nlmsg_len < sizeof header ||
                header.nlmsg_len > left.size()) {
                return failure(EPROTO, "list routes");
            }
            visit(left.subspan(NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN));
            left = left.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), left.size()));
        }
    }
}

/// The value of an attribute; empty: it is not there.
std::span<const std::byte> find(std::span<const std::byte> attributes, std::uint16_t type) {
    while (attributes.size() >= sizeof(rtattr)) {
        rtattr attribute{};
        std::memcpy(&attribute, attributes.data(), sizeof attribute);
        if (attribute.rta_len < sizeof attribute || attribute.rta_len > attributes.size()) {
            break;
        }
        if (attribute.rta_type == type) {
            return attributes.subspan(sizeof attribute, attribute.rta_len - sizeof attribute);
        }
        attributes = attributes.subspan(
            std::min<std::size_t>(RTA_ALIGN(attribute.rta_len), attributes.size()));
    }
    return {};
}

std::optional<std::uint32_t> find_number(std::span<const std::byte> attributes,
                                         std::uint16_t type) {
    const auto value = find(attributes, type);
    std::uint32_t number = 0;
    if (value.size() != sizeof number) {
        return std::nullopt;
    }
    std::memcpy(&number, value.data(), sizeof number);
    return number;
}

Request address_request(std::uint16_t type,
                        unsigned flags,
                        unsigned interface,
                        const InterfaceAddress& address) {
    ifaddrmsg body{};
    body.ifa_family = family_of(address.address);
    body.ifa_prefixlen = wire_length({address.address, address.network.length});
    body.ifa_flags = address.address.is_ipv4() ? 0 : IFA_F_NODAD;
    body.ifa_index = interface;
    Request request{type, flags | NLM_F_ACK, body};
    request.add(IFA_LOCAL, wire_bytes(address.address));
    request.add(IFA_ADDRESS, wire_bytes(address.address));
    return request;
}

Request route_request(std::uint16_t type,
                      unsigned flags,
                      unsigned interface,
                      const Prefix& network) {
    rtmsg body{};
    body.rtm_family = family_of(network.address);
    body.rtm_dst_len = wire_length(network);
    body.rtm_table = RT_TABLE_MAIN;
    body.rtm_protocol = RTPROT_STATIC;
    body.rtm_scope = network.address.is_ipv4() ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    body.rtm_type = RTN_UNICAST;
    Request request{type, flags | NLM_F_ACK, body};
    request.add(RTA_DST, wire_bytes(network.address));
    request.add(RTA_OIF, interface);
    return request;
}

/// The attributes of the route that the kernel would take.
Result<std::span<const std::byte>> find_route(const IpAddress& to,
                                              const std::optional<IpAddress>& from,
                                              std::uint32_t mark,
                                              std::array<std::byte, kAnswerBytes>& buffer) {
    rtmsg body{};
    body.rtm_family = family_of(to);
    body.rtm_dst_len = static_cast<std::uint8_t>(wire_bytes(to).size() * 8);
    body.rtm_src_len = from ? body.rtm_dst_len : std::uint8_t{0};
    Request request{RTM_GETROUTE, 0, body};
    request.add(RTA_DST, wire_bytes(to));
    if (from) {
        request.add(RTA_SRC, wire_bytes(*from));
    }
    if (mark != 0) {
        request.add(RTA_MARK, mark);
    }
    const std::string what = fmt::format("find the route to {}", to.to_string());
    const auto answer = ask(request, buffer, what);
    if (!answer) {
        return Failure{answer.error()};
    }
    constexpr std::size_t kFixed = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(rtmsg));
    if (answer->size() < kFixed) {
        return failure(EPROTO, what);
    }
    return answer->subspan(kFixed);
}

/// The network of a route of ours; nothing: of another kind or through another interface.
std::optional<Prefix> read_route(std::span<const std::byte> message, unsigned interface) {
    rtmsg body{};
    if (message.size() < sizeof body) {
        return std::nullopt;
    }
    std::memcpy(&body, message.data(), sizeof body);
    const auto attributes = message.subspan(NLMSG_ALIGN(sizeof body));
    const auto network = find(attributes, RTA_DST);
    const bool is_ipv4 = body.rtm_family == AF_INET;
    if (body.rtm_table != RT_TABLE_MAIN || body.rtm_protocol != RTPROT_STATIC ||
        body.rtm_type != RTN_UNICAST || find_number(attributes, RTA_OIF) != interface ||
        network.size() != (is_ipv4 ? 4U : 16U)) {
        return std::nullopt;
    }
    Prefix prefix;
    const std::size_t offset = is_ipv4 ? kIpv4Offset / 8U : 0U;
    if (is_ipv4) {
        prefix.address.bytes[10] = prefix.address.bytes[11] = 0xff;
    }
    std::memcpy(&prefix.address.bytes[offset], network.data(), network.size());
    prefix.length = static_cast<std::uint8_t>(body.rtm_dst_len + 8U * offset);
    return prefix;
}

Result<unsigned> interface_of(std::span<const std::byte> route, const IpAddress& to) {
    const auto interface = find_number(route, RTA_OIF);
    return interface ? Result<unsigned>{*interface}
                     : failure(ENETUNREACH, fmt::format("find the route to {}", to.to_string()));
}

Result<std::uint32_t> interface_mtu(unsigned interface) {
    const FileDescriptor socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    ifreq request{};
    interface_name(interface).copy(&request.ifr_name[0], IFNAMSIZ - 1);
    if (::ioctl(socket.get(), SIOCGIFMTU, &request) != 0) {
        return failure(errno, fmt::format("read the MTU of interface {}", interface));
    }
    return static_cast<std::uint32_t>(request.ifr_mtu);
}

}  // namespace

Result<void> add_address(unsigned interface, const InterfaceAddress& address) {
    return order(address_request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, interface, address),
                 fmt::format("add the address {}", address.address.to_string()));
}

Result<void> remove_address(unsigned interface, const InterfaceAddress& address) {
    return order(address_request(RTM_DELADDR, 0, interface, address),
                 fmt::format("remove the address {}", address.address.to_string()));
}

Result<void> add_route(unsigned interface, const Prefix& network) {
    return order(route_request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, interface, network),
                 fmt::format("add the route to {}", network.to_string()));
}

Result<void> remove_route(unsigned interface, const Prefix& network) {
    return order(route_request(RTM_DELROUTE, 0, interface, network),
                 fmt::format("remove the route to {}", network.to_string()));
}

Result<std::vector<Prefix>> routes_through(unsigned interface) {
    std::vector<Prefix> routes;
    for (const int family : {AF_INET, AF_INET6}) {
        rtmsg body{};
        body.rtm_family = static_cast<std::uint8_t>(family);
        const auto read = list(Request{RTM_GETROUTE, NLM_F_DUMP, body}, [&](const auto& message) {
            if (const auto route = read_route(message, interface)) {
                routes.push_back(*route);
            }
        });
        if (!read) {
            return Failure{read.error()};
        }
    }
    return routes;
}

Result<void> set_alias(unsigned interface, const std::string& text) {
    ifinfomsg body{};
    body.ifi_index = static_cast<int>(interface);
    Request request{RTM_NEWLINK, NLM_F_ACK, body};
    const void* const bytes = text.data();
    request.add(IFLA_IFALIAS, {static_cast<const std::uint8_t*>(bytes), text.size()});
    return order(request, fmt::format("call interface {} '{}'", interface, text));
}

Result<std::string> alias_of(unsigned interface) {
    ifinfomsg body{};
    body.ifi_index = static_cast<int>(interface);
    Request request{RTM_GETLINK, 0, body};
    std::array<std::byte, kAnswerBytes> buffer{};
    const auto answer = ask(request, buffer, fmt::format("look at interface {}", interface));
    if (!answer) {
        return Failure{answer.error()};
    }
    constexpr std::size_t kFixed = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(ifinfomsg));
    const auto alias = find(answer->subspan(std::min(kFixed, answer->size())), IFLA_IFALIAS);
    const void* const bytes = alias.data();
    const std::string_view text{static_cast<const char*>(bytes), alias.size()};
    return std::string{text.substr(0, text.find('\0'))};
}

Result<void> set_mtu(unsigned interface, std::uint32_t mtu) {
    ifinfomsg body{};
    body.ifi_index = static_cast<int>(interface);
    Request request{RTM_NEWLINK, NLM_F_ACK, body};
    request.add(IFLA_MTU, mtu);
    return order(request, fmt::format("set the MTU to {}", mtu));
}

Result<std::uint32_t> route_mtu(const IpAddress& to, std::uint32_t mark) {
    std::array<std::byte, kAnswerBytes> buffer{};
    const auto attributes = find_route(to, std::nullopt, mark, buffer);
    if (!attributes) {
        return Failure{attributes.error()};
    }
    if (const auto mtu = find_number(find(*attributes, RTA_METRICS), RTAX_MTU)) {
        return *mtu;
    }
    const auto interface = interface_of(*attributes, to);
    return interface ? interface_mtu(*interface) : Failure{interface.error()};
}

Result<unsigned> route_interface(const IpAddress& to, const IpAddress& from, std::uint32_t mark) {
    std::array<std::byte, kAnswerBytes> buffer{};
    const auto attributes = find_route(to, from, mark, buffer);
    return attributes ? interface_of(*attributes, to) : Failure{attributes.error()};
}

}  // namespace tollgate::agent

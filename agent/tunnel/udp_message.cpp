// SPDX-License-Identifier: MIT
#include "agent/tunnel/udp_message.hpp"

#include <cstring>

#include <netinet/udp.h>

namespace tollgate::agent {

namespace {

IpAddress mapped(const in_addr& address) {
    IpAddress ip;
    ip.bytes[10] = ip.bytes[11] = 0xff;
    std::memcpy(&ip.bytes[12], &address, sizeof address);
    return ip;
}

IpAddress plain(const in6_addr& address) {
    IpAddress ip;
    std::memcpy(ip.bytes.data(), &address, sizeof address);
    return ip;
}

in_addr ipv4_of(const IpAddress& ip) {
    in_addr address{};
    std::memcpy(&address, &ip.bytes[12], sizeof address);
    return address;
}

in6_addr ipv6_of(const IpAddress& ip) {
    in6_addr address{};
    std::memcpy(&address, ip.bytes.data(), sizeof address);
    return address;
}

class ControlWriter {
  public:
    explicit ControlWriter(ControlBytes& control) : control_{control} {}

    template <typename Value>
    void add(int level, int type, const Value& value) {
        const cmsghdr header{
            .cmsg_len = CMSG_LEN(sizeof value), .cmsg_level = level, .cmsg_type = type};
        std::memcpy(&control_.bytes[size_], &header, sizeof header);
        std::memcpy(&control_.bytes[size_ + CMSG_LEN(0)], &value, sizeof value);
        size_ += CMSG_SPACE(sizeof value);
    }
    [[nodiscard]] std::size_t size() const { return size_; }

  private:
    ControlBytes& control_;
    std::size_t size_ = 0;
};

template <typename Value>
Value value_of(const cmsghdr& message) {
    Value value{};
    std::memcpy(&value, CMSG_DATA(&message), sizeof value);
    return value;
}

void read_ip(const cmsghdr& message, DatagramOrigin& origin) {
    if (message.cmsg_type == IP_PKTINFO) {
        const auto arrived = value_of<in_pktinfo>(message);
        origin.from.local = mapped(arrived.ipi_spec_dst);
        origin.from.local_interface = static_cast<std::uint32_t>(arrived.ipi_ifindex);
    } else if (message.cmsg_type == IP_TOS) {
        origin.traffic_class = value_of<std::uint8_t>(message);
    }
}

void read_ipv6(const cmsghdr& message, DatagramOrigin& origin) {
    if (message.cmsg_type == IPV6_PKTINFO) {
        const auto arrived = value_of<in6_pktinfo>(message);
        const IpAddress local = plain(arrived.ipi6_addr);
        // Nobody may send from a group's address.
        origin.from.local = local.is_multicast() ? IpAddress{} : local;
        origin.from.local_interface = arrived.ipi6_ifindex;
    } else if (message.cmsg_type == IPV6_TCLASS) {
        origin.traffic_class = static_cast<std::uint8_t>(value_of<int>(message));
    }
}

void read_from(const msghdr& message, Endpoint& from) {
    sockaddr_in6 name{};
    std::memcpy(&name, message.msg_name, message.msg_namelen);
    if (name.sin6_family == AF_INET && message.msg_namelen >= sizeof(sockaddr_in)) {
        sockaddr_in ipv4{};
        std::memcpy(&ipv4, &name, sizeof ipv4);
        from.address = mapped(ipv4.sin_addr);
        from.port = ntohs(ipv4.sin_port);
    } else if (name.sin6_family == AF_INET6 && message.msg_namelen >= sizeof name) {
        from.address = plain(name.sin6_addr);
        from.port = ntohs(name.sin6_port);
        from.scope = name.sin6_scope_id;
    }
}

}  // namespace

void SocketAddress::set_any(int family, std::uint16_t port) {
    storage_.ipv6 = {};
    storage_.ipv6.sin6_family = static_cast<sa_family_t>(family);
    storage_.ipv6.sin6_port = htons(port);  // at the same place in both families
}

void SocketAddress::set(const Endpoint& endpoint) {
    if (endpoint.address.is_ipv4()) {
        storage_.ipv4 = {};
        storage_.ipv4.sin_family = AF_INET;
        storage_.ipv4.sin_port = htons(endpoint.port);
        storage_.ipv4.sin_addr = ipv4_of(endpoint.address);
        return;
    }
    storage_.ipv6 = {};
    storage_.ipv6.sin6_family = AF_INET6;
    storage_.ipv6.sin6_port = htons(endpoint.port);
    storage_.ipv6.sin6_addr = ipv6_of(endpoint.address);
    storage_.ipv6.sin6_scope_id = endpoint.scope;
}

const sockaddr* SocketAddress::get() const {
    const void* const bytes = &storage_;
    return static_cast<const sockaddr*>(bytes);
}

socklen_t SocketAddress::size() const {
    return storage_.ipv6.sin6_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
}

std::size_t write_control(ControlBytes& control,
                          const Endpoint& to,
                          const DatagramOptions& options) {
    ControlWriter writer{control};
    const bool is_ipv4 = to.address.is_ipv4();
    if (options.has_source && is_ipv4) {
        in_pktinfo source{};
        source.ipi_spec_dst = ipv4_of(to.local);
        writer.add(IPPROTO_IP, IP_PKTINFO, source);
    } else if (options.has_source) {
        in6_pktinfo source{};
        source.ipi6_addr = ipv6_of(to.local);
        source.ipi6_ifindex = to.local.is_link_local() ? to.local_interface : 0;
        writer.add(IPPROTO_IPV6, IPV6_PKTINFO, source);
    }
    if (options.segment != 0) {
        writer.add(IPPROTO_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(options.segment));
    }
    if (options.traffic_class != 0) {
        const int traffic_class = options.traffic_class;
        writer.add(
            is_ipv4 ? IPPROTO_IP : IPPROTO_IPV6, is_ipv4 ? IP_TOS : IPV6_TCLASS, traffic_class);
    }
    return writer.size();
}

DatagramOrigin read_origin(const msghdr& message) {
    DatagramOrigin origin;
    read_from(message, origin.from);
    msghdr walked = message;
    for (cmsghdr* at = CMSG_FIRSTHDR(&walked); at != nullptr; at = CMSG_NXTHDR(&walked, at)) {
        if (at->cmsg_level == IPPROTO_IP) {
            read_ip(*at, origin);
        } else if (at->cmsg_level == IPPROTO_IPV6) {
            read_ipv6(*at, origin);
        } else if (at->cmsg_level == IPPROTO_UDP && at->cmsg_type == UDP_GRO) {
            origin.segment = static_cast<std::size_t>(value_of<int>(*at));
        } else if (at->cmsg_level == SOL_SOCKET && at->cmsg_type == SO_RXQ_OVFL) {
            origin.overflowed = value_of<std::uint32_t>(*at);
        }
    }
    return origin;
}

}  // namespace tollgate::agent

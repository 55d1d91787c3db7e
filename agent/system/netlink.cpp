// SPDX-License-Identifier: MIT
#include "agent/system/netlink.hpp"

#include <algorithm>
#include <cerrno>

#include <sys/socket.h>

#include "agent/system/file_descriptor.hpp"
#include "agent/system/privileged.hpp"

namespace tollgate::agent::netlink {

namespace {

constexpr std::size_t kIpv4Offset = 12;  // of an IPv4 address in the mapped form, bytes

}  // namespace

std::uint8_t family_of(const IpAddress& address) {
    return address.is_ipv4() ? AF_INET : AF_INET6;
}

std::span<const std::uint8_t> wire_bytes(const IpAddress& address) {
    const std::span<const std::uint8_t> all{address.bytes};
    return address.is_ipv4() ? all.subspan(kIpv4Offset) : all;
}

std::optional<IpAddress> address_of(std::span<const std::byte> bytes) {
    IpAddress address;
    if (bytes.size() == address.bytes.size() - kIpv4Offset) {
        address.bytes[10] = address.bytes[11] = 0xff;
        std::memcpy(&address.bytes[kIpv4Offset], bytes.data(), bytes.size());
        return address;
    }
    if (bytes.size() == address.bytes.size()) {
        std::memcpy(address.bytes.data(), bytes.data(), bytes.size());
        return address;
    }
    return std::nullopt;
}

Result<std::span<const std::byte>> ask(Request& request, Answer& buffer, const std::string& what) {
    const FileDescriptor socket{
        privileged::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
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
    Answer buffer{};
    const auto answer = ask(request, buffer, what);
    return answer ? Result<void>{} : Failure{answer.error()};
}

Result<void> list(Request request, const std::function<void(std::span<const std::byte>)>& visit) {
    const FileDescriptor socket{
        privileged::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
    const auto bytes = request.bytes();
    if (!socket || ::send(socket.get(), bytes.data(), bytes.size(), 0) < 0) {
        return failure(errno, "list routes");
    }
    Answer buffer{};
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

}  // namespace tollgate::agent::netlink

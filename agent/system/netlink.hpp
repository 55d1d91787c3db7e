// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include <linux/rtnetlink.h>

#include <tollgate/ip.hpp>
#include <tollgate/result.hpp>

/// Messages to and from the kernel's routing (netlink(7), rtnetlink(7)).
namespace tollgate::agent::netlink {

inline constexpr std::size_t kRequestBytes = 512;
inline constexpr std::size_t kAnswerBytes = 32'768;  // of one recv(2): the most that a dump fills
using Answer = std::array<std::byte, kAnswerBytes>;

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
    /// A number in the machine's byte order.
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

/// AF_INET or AF_INET6.
[[nodiscard]] std::uint8_t family_of(const IpAddress& address);
/// The address as the kernel writes it: 4 or 16 bytes.
[[nodiscard]] std::span<const std::uint8_t> wire_bytes(const IpAddress& address);
/// The contrary; nothing: neither 4 nor 16 bytes.
[[nodiscard]] std::optional<IpAddress> address_of(std::span<const std::byte> bytes);

/// Sends a request and waits for the answer. @return its bytes, in `buffer`; a negative
/// acknowledgement is the errno value that it carries
/// @param what  for the error: what is asked for
[[nodiscard]] Result<std::span<const std::byte>> ask(Request& request,
                                                     Answer& buffer,
                                                     const std::string& what);
/// The same with an acknowledgement only.
[[nodiscard]] Result<void> order(Request request, const std::string& what);

/// Calls `visit` with each message of a dump, without its header.
[[nodiscard]] Result<void> list(Request request,
                                const std::function<void(std::span<const std::byte>)>& visit);

/// The value of an attribute; empty: it is not there.
[[nodiscard]] std::span<const std::byte> find(std::span<const std::byte> attributes,
                                              std::uint16_t type);
[[nodiscard]] std::optional<std::uint32_t> find_number(std::span<const std::byte> attributes,
                                                       std::uint16_t type);

/// The fixed part of a message, which is behind its header. @return nothing: it is too short
template <typename Body>
[[nodiscard]] std::optional<Body> body_of(std::span<const std::byte> message) {
    Body body{};
    if (message.size() < NLMSG_HDRLEN + sizeof body) {
        return std::nullopt;
    }
    std::memcpy(&body, message.data() + NLMSG_HDRLEN, sizeof body);
    return body;
}
/// What follows it.
template <typename Body>
[[nodiscard]] std::span<const std::byte> attributes_of(std::span<const std::byte> message) {
    constexpr std::size_t kFixed = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(Body));
    return message.size() < kFixed ? std::span<const std::byte>{} : message.subspan(kFixed);
}

}  // namespace tollgate::agent::netlink

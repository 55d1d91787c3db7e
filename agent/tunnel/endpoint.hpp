// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tollgate/ip.hpp>

namespace tollgate::agent {

/// Where a peer is, and where we heard from it.
struct Endpoint {
    IpAddress address;
    std::uint16_t port = 0;   ///< host order; 0: not known
    std::uint32_t scope = 0;  ///< interface of a link-local IPv6 address

    /// Our address that its last datagram was sent to, and the interface that it came in by;
    /// answers leave from there, as long as that address is ours and, for IPv4, the way to the
    /// peer leads through that interface. Zeros: the kernel's choice.
    IpAddress local;
    std::uint32_t local_interface = 0;
    std::uint32_t local_routes = 0;  ///< the Link's: the state of the routes for which it holds

    [[nodiscard]] bool is_known() const { return port != 0; }
    [[nodiscard]] bool has_local() const { return local != IpAddress{}; }
    /// `local_routes` of another Link: whether it still holds is found out.
    static constexpr std::uint32_t kRoutesUnknown = UINT32_MAX;
    void forget_local() {
        local = {};
        local_interface = 0;
    }
    /// Whether the peer is at the same place; our side does not matter.
    [[nodiscard]] bool same_place(const Endpoint& other) const {
        return address == other.address && port == other.port && scope == other.scope;
    }
    bool operator==(const Endpoint&) const = default;

    /// "192.0.2.1:51820", "[2001:db8::1]:51820", "[fe80::1%2]:51820"
    [[nodiscard]] std::string to_string() const;
    /// Accepts what to_string() writes, and the name of an interface of this network namespace
    /// after the '%'. Port 0 and a link-local IPv6 address without interface are refused.
    [[nodiscard]] static std::optional<Endpoint> parse(std::string_view text);
};

}  // namespace tollgate::agent

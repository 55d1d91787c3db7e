// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tollgate::agent {

/// Where a peer is, as it was written: a name stays a name, since what it stands for changes.
struct HostPort {
    std::string host;  ///< "gate.example.org", "192.0.2.1", "2001:db8::1", "fe80::1%eth0"
    std::uint16_t port = 0;

    bool operator==(const HostPort&) const = default;
    /// With brackets around an IPv6 address.
    [[nodiscard]] std::string to_string() const;
    /// @return nothing unless the host can be a name or an address, and the port is from 1 to 65535
    [[nodiscard]] static std::optional<HostPort> parse(std::string_view text);
};

}  // namespace tollgate::agent

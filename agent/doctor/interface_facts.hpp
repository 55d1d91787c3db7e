// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <tollgate/result.hpp>

namespace tollgate::agent {

/// A program on a hook of an interface.
struct HookedProgram {
    std::string hook;  ///< "XDP", "TC ingress", "TC egress"
    std::uint32_t id = 0;
    std::string name;
    std::string owner;                  ///< whose it probably is; empty: nobody knows
    std::optional<std::uint32_t> link;  ///< the bpf_link that attaches it
};

/// What the driver of an interface says of itself.
struct DriverFacts {
    std::string name;                           ///< "virtio_net"
    std::optional<std::uint64_t> xdp_features;  ///< enum netdev_xdp_act; nothing: kernel before 6.3
    bool lro = false;                           ///< large receive offload is on
};
inline constexpr std::uint64_t kXdpBasic = 1U << 0U;
inline constexpr std::uint64_t kXdpRedirect = 1U << 1U;
inline constexpr std::uint64_t kXdpZeroCopy = 1U << 3U;

/// @return ENODEV: no such interface
[[nodiscard]] Result<DriverFacts> driver_facts(const std::string& interface);

/// What an interface carries in one packet. @return nothing: no such interface
[[nodiscard]] std::optional<std::uint32_t> interface_mtu(const std::string& interface);

/// The programs on an interface that are not of the gate pinned at `pin_dir`.
/// @return EPERM: not for this process; ENODEV: no such interface
[[nodiscard]] Result<std::vector<HookedProgram>> foreign_programs(
    const std::string& interface,
    const std::filesystem::path& pin_dir);

}  // namespace tollgate::agent

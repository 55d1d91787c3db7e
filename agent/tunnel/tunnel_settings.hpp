// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <tollgate/ip.hpp>

#include "agent/system/interface.hpp"
#include "agent/tunnel/host_port.hpp"
#include "agent/tunnel/stealth.hpp"
#include "crypto/keys.hpp"
#include "policy/problem.hpp"
#include "policy/yaml_strict.hpp"

/// The tunnels of tollgate.yaml (docs/configuration.md). They name files with keys and hold none.
namespace tollgate::agent {

struct PeerSettings {
    std::string name;  ///< unique among the peers of all tunnels
    crypto::PublicKey public_key;
    std::optional<std::filesystem::path> preshared_key_file;
    std::optional<HostPort> endpoint;
    std::vector<Prefix> allowed_ips;
    std::uint16_t persistent_keepalive = 0;  ///< seconds; 0: off
    policy::Mark mark;                       ///< of its publicKey

    bool operator==(const PeerSettings&) const = default;
};

struct TunnelSettings {
    std::string name;                                       ///< of the network interface
    std::optional<std::filesystem::path> private_key_file;  ///< nothing: see find_private_key()
    std::uint16_t listen_port = 0;                          ///< 0: the kernel's choice
    std::uint32_t fwmark = 0;                               ///< 0: none
    std::vector<InterfaceAddress> addresses;
    std::optional<std::uint32_t> mtu;  ///< bytes; nothing: from the way to the peers
    std::string cipher = "auto";       ///< or the name of a provider
    std::string backend = "auto";      ///< or "xsk", "udp"
    std::size_t threads = 1;           ///< that carry data, 1 to kWorkersMax; more: not with "xsk"
    StealthMode stealth = StealthMode::off;
    std::optional<std::filesystem::path> stealth_key_file;  ///< nothing: see find_site_secret()
    std::vector<PeerSettings> peers;                        ///< with different keys and allowed IPs
    bool is_set_by_wg = false;                              ///< all but its name is left to wg(8)

    bool operator==(const TunnelSettings&) const = default;
};

inline constexpr std::size_t kTunnelsMax = 16;

/// Reads the list below `tunnels:` and finds everything that is wrong with it. What stands
/// for a key or its file is not quoted. @return what could be read; whole if no error was added to
/// `problems`
[[nodiscard]] std::vector<TunnelSettings> read_tunnels(const policy::YamlNode& node,
                                                       std::vector<policy::Problem>& problems);

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <tollgate/ip.hpp>

#include "agent/system/interface.hpp"
#include "agent/tunnel/host_port.hpp"
#include "agent/tunnel/secret_text.hpp"
#include "crypto/keys.hpp"
#include "policy/problem.hpp"

/// The configuration files of wg(8) and wg-quick(8).
namespace tollgate::agent {

struct WgConfPeer {
    crypto::PublicKey public_key;
    std::optional<crypto::PresharedKey> preshared_key;
    std::vector<Prefix> allowed_ips;
    std::optional<HostPort> endpoint;
    std::uint16_t persistent_keepalive = 0;  ///< seconds; 0: off
    policy::Mark mark;                       ///< of its section
};

struct WgConf {
    std::optional<crypto::PrivateKey> private_key;
    std::optional<std::uint16_t> listen_port;
    std::optional<std::uint32_t> fwmark;
    std::vector<InterfaceAddress> addresses;  ///< wg-quick's
    std::optional<std::uint32_t> mtu;         ///< wg-quick's, bytes
    std::vector<WgConfPeer> peers;
};

/// Larger files are refused.
inline constexpr std::size_t kWgConfBytesMax = std::size_t{16} << 20U;

struct WgConfReading {
    std::optional<WgConf> conf;  ///< nothing if there is an error
    std::vector<policy::Problem> problems;
};

/// Reads a file of wg(8) or wg-quick(8) and finds everything that is wrong with it. What
/// wg-quick(8) would run or write elsewhere (PostUp, DNS, Table, …) is a warning and never done. No
/// problem quotes what could be a key.
[[nodiscard]] WgConfReading read_wg_conf(std::string_view text);

/// A file that read_wg_conf() reads as the same. Without `addresses` and `mtu` it is one for wg(8).
[[nodiscard]] SecretText write_wg_conf(const WgConf& conf);

}  // namespace tollgate::agent

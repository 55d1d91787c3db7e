// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include <tollgate/abi/wireguard.h>
#include <tollgate/ip.hpp>
#include <tollgate/result.hpp>

#include "policy/reference_packet.hpp"

namespace tollgate::policy {

/// A token bucket whose content is kept as a debt of time (GCRA).
class ReferenceBucket {
  public:
    /// @return false: over the rate, nothing is taken
    [[nodiscard]] bool take(BootTime now, BootTime interval, BootTime burst);
    [[nodiscard]] bool has_left(BootTime now, BootTime interval, BootTime burst) const;
    [[nodiscard]] BootTime full_again() const { return full_again_; }

  private:
    BootTime full_again_{0};
};

/// What one receiver index of ours may be sent.
struct ReferenceReceiver {
    std::set<std::uint32_t> accepts;  ///< enum tg_wg_type
    std::uint64_t greatest_counter = 0;
    BootTime expires{0};
    IpAddress address;
    std::uint16_t port = 0;  ///< host order
    ReferenceBucket roaming;
};

/// A tunnel of ours, with its keys as they are and not as the gate keeps them.
struct ReferenceTunnel {
    using Key = std::array<std::byte, 32>;

    Key mac1_key{};  ///< Hash("mac1----" || public key)
    bool checks_mac1 = true;
    bool under_load = false;
    bool takes_cookies = false;  ///< also when not under load
    std::vector<Key> cookie_secrets;
    std::optional<Key> site_secret;  ///< nothing: whoever knows our key may begin a handshake
    std::int64_t stealth_slot = 0;   ///< that it is now
    std::map<std::uint32_t, ReferenceReceiver> receivers;

    bool has_mac_time = true;  ///< of its part of a CPU
    bool has_mac_time_of_peers = true;

    ReferenceBucket cookies;
    /// Where peers are: IPv4 addresses, and IPv6 networks of 64 bits.
    std::map<IpAddress, ReferenceBucket> peer_sources;
};

/// Section 9 of docs/packet-path.md: what comes to our tunnels. MACs cost no time here: the tunnel
/// says whether there is any.
class ReferenceTunnels {
  public:
    /// By port, host order. For tests to change.
    std::map<std::uint16_t, ReferenceTunnel> by_port;

    /// A whole datagram to a tunnel.
    [[nodiscard]] bool is_to_tunnel(const PacketView& view) const;
    /// UDP from or to a port of ours that a tunnel listens on.
    [[nodiscard]] bool is_of_tunnel_port(const tg_flow_key& key) const;
    /// Why a datagram does not pass. @pre is_to_tunnel()
    [[nodiscard]] DropReason judge(const PacketView& view);

  private:
    struct Datagram {
        const PacketView& view;
        ReferenceTunnel& tunnel;
        std::span<const std::byte> message;
    };
    using Mac = std::array<std::byte, TG_WG_MAC_BYTES>;

    [[nodiscard]] static ReferenceReceiver* find_receiver(const Datagram& datagram,
                                                          std::size_t index_offset,
                                                          std::uint32_t type);
    [[nodiscard]] static DropReason judge_transport(const Datagram& datagram);
    [[nodiscard]] static DropReason judge_response(const Datagram& datagram);
    [[nodiscard]] static DropReason judge_cookie_reply(const Datagram& datagram);
    [[nodiscard]] DropReason judge_initiation(const Datagram& datagram);

    std::map<IpAddress, ReferenceBucket> initiators_;
    std::set<Mac> initiations_;
};

}  // namespace tollgate::policy

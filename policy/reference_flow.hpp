// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include <tollgate/abi/flow.h>
#include <tollgate/result.hpp>

#include "policy/model.hpp"
#include "policy/reference_packet.hpp"

namespace tollgate::policy {

/// The state of one flow (docs/packet-path.md, section 6).
struct ReferenceFlow {
    Direction initiator = Direction::egress;
    bool embryo = false;  ///< in `embryos`, not yet in `flows`
    bool answered = false;
    bool established = false;
    bool picked_up = false;  ///< mid-stream: `initiator` is a guess
    bool reset = false;      ///< the last segment was a RST, one to be believed
    std::array<bool, TG_DIRECTIONS> fin{};
    std::uint32_t isn = 0;  ///< sequence of the local SYN+ACK
    std::uint32_t rcv_nxt =
        0;                  ///< of the local side (RFC 9293), as it acknowledged last; 0: unknown
    MacAddress remote_mac;  ///< of the first packet
    std::uint8_t icmp_type = 0;  ///< of the first packet
    BootTime first_seen{0};
    BootTime last_seen{0};
    std::array<std::uint64_t, TG_DIRECTIONS> packets{};
    std::array<std::uint64_t, TG_DIRECTIONS> bytes{};
    std::uint32_t generation = 0;
    const Rule* rule = nullptr;  ///< of that generation; null: default action or stage
    DropReason would_drop = DropReason::none;

    [[nodiscard]] bool closing() const { return reset || (fin[TG_INGRESS] && fin[TG_EGRESS]); }
    [[nodiscard]] BootTime timeout(std::uint8_t protocol) const;

    /// True if this ingress segment may pass an embryo: the SYN again, a RST, or the ACK of the
    /// local SYN+ACK. Other flows and protocols take any packet.
    [[nodiscard]] bool accepts(const PacketView& view) const;
    /// Counts a packet that passes and moves the state on.
    void advance(const PacketView& view);

  private:
    void advance_tcp(const PacketView& view, bool by_initiator);
    [[nodiscard]] bool completes_handshake(const PacketView& view) const;
    [[nodiscard]] bool believes_reset(const PacketView& view) const;
    void establish(const PacketView& view);
};

/// Every flow and embryo of one zone; nothing is ever evicted.
class ReferenceFlows {
  public:
    using Map = std::map<tg_flow_key, ReferenceFlow, KeyLess>;

    /// The live flow under this key. @return null: none, or it has been silent for too long
    [[nodiscard]] ReferenceFlow* live(const tg_flow_key& key, BootTime now);
    ReferenceFlow& replace(const tg_flow_key& key, const ReferenceFlow& flow);

    /// Dead flows too: they leave when their key is used again.
    [[nodiscard]] const Map& all() const { return flows_; }

  private:
    Map flows_;
};

}  // namespace tollgate::policy

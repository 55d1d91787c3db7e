// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include <tollgate/result.hpp>

#include "policy/model.hpp"
#include "policy/reference_dns.hpp"
#include "policy/reference_flow.hpp"
#include "policy/reference_packet.hpp"
#include "policy/reference_peers.hpp"
#include "policy/reference_tunnel.hpp"
#include "policy/reference_verdict.hpp"

namespace tollgate::policy {

/// What the gate does with one frame, and why.
struct Judgement {
    bool passed = false;
    bool would_drop = false;               ///< passed only because of the stage
    DropReason reason = DropReason::none;  ///< of the drop or would-drop
    /// The rule that allows or refuses it; null: none. Belongs to the model, until its generation
    /// is replaced.
    const Rule* rule = nullptr;
    bool flow_hit = false;  ///< the packet of a live flow
    bool flow_created = false;
    std::optional<tg_flow_key> flow;  ///< of the flow that was hit or created
};

/// The gate as docs/packet-path.md describes it, for one interface, written as plainly as it can be
/// and without regard to speed. It shares only the frame parser with the BPF programs, so that the
/// two can be held against each other frame by frame. Its tables are never full.
///
/// Not thread-safe.
class ReferenceModel {
  public:
    /// A model whose only generation is this policy, confirmed, with number 1.
    ReferenceModel(Policy policy, Stage stage);
    explicit ReferenceModel(ReferenceGeneration generation);

    /// Judges one frame, Ethernet header first (if there is one), and remembers what it changes.
    /// @param now never less than in the call before
    Judgement judge(std::span<const std::byte> frame, Direction direction, BootTime now);

    /// Makes `next` the active generation; the one that applies now becomes the previous.
    void switch_to(ReferenceGeneration next, BootTime now);
    /// Clears the deadline of the active generation.
    void confirm() { generations_.at(active_).deadline = BootTime{0}; }
    /// Makes the previous generation the active one, under a new number.
    void revert(std::uint32_t number);
    /// Revokes cached verdicts without changing the policies; the previous generation, which a
    /// deadline may bring back, gets the number after `number`.
    void bump(std::uint32_t number);
    /// Everything passes, nothing is judged.
    void set_open(bool open) { open_ = open; }

    void blocklist_add(const Prefix& prefix) { blocklist_.push_back(prefix); }
    void blocklist_remove(const Prefix& prefix);
    void resolve(const IpAddress& address, const NamePattern& pattern, BootTime expires) {
        dns_.resolve(address, pattern, expires);
    }

    /// The interface is that of a tunnel: its frames are bare IP packets, and it has peers.
    void be_tunnel() { link_ = TG_LINK_TUNNEL; }
    /// Of the tunnel that the interface is; none at first.
    [[nodiscard]] ReferencePeers& peers() { return peers_; }

    /// Our tunnels; none at first.
    [[nodiscard]] ReferenceTunnels& tunnels() { return tunnels_; }

    /// The generation that applies, the deadline considered.
    [[nodiscard]] const ReferenceGeneration& generation(BootTime now) const;
    [[nodiscard]] const ReferenceFlows::Map& flows() const { return flows_.all(); }
    [[nodiscard]] const std::map<IpAddress, ReferenceDns::Names>& resolved() const {
        return dns_.resolved();
    }

  private:
    struct Packet;
    struct FragmentRecord {
        BootTime expires{0};
        std::size_t first_end = 0;
    };

    Judgement judge_to_tunnel(const Packet& packet);
    Judgement judge_ip(const Packet& packet);
    [[nodiscard]] Judgement judge_later_fragment(const Packet& packet) const;
    Judgement judge_icmp(const Packet& packet);
    Judgement judge_flow(const Packet& packet);
    Judgement judge_live(const Packet& packet, ReferenceFlow& flow);
    Judgement judge_without_flow(const Packet& packet);
    Judgement judge_mid_stream(const Packet& packet);
    static Judgement judge_alone(const Packet& packet, const PolicyVerdict& verdict);
    Judgement open_flow(const Packet& packet, Direction initiator, const PolicyVerdict& verdict);
    std::optional<Judgement> judge_again(const Packet& packet, ReferenceFlow& flow);

    [[nodiscard]] std::size_t slot(BootTime now) const;
    [[nodiscard]] PolicyVerdict verdict(const Packet& packet,
                                        Direction initiator,
                                        bool expired_names = false) const;
    [[nodiscard]] std::vector<NamePattern> known_names() const;
    [[nodiscard]] bool blocklisted(const IpAddress& address) const;
    void remember(const Packet& packet);

    std::array<ReferenceGeneration, TG_SLOTS> generations_;
    std::array<LimitState, TG_SLOTS> limits_;
    std::size_t active_ = 0;
    bool open_ = false;
    ReferenceFlows flows_;
    ReferenceDns dns_;
    std::map<tg_fragment_key, FragmentRecord, KeyLess> fragments_;
    std::vector<Prefix> blocklist_;
    ReferenceTunnels tunnels_;
    tg_link link_ = TG_LINK_CLEAR;
    ReferencePeers peers_;
};

}  // namespace tollgate::policy

// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include <tollgate/result.hpp>

#include "policy/model.hpp"
#include "policy/reference_packet.hpp"

namespace tollgate::policy {

/// One loaded generation: tg_generation with the policy instead of its tables.
struct ReferenceGeneration {
    Policy policy;
    Stage stage = Stage::enforce;
    std::uint32_t number = 1;
    BootTime deadline{0};     ///< 0: confirmed
    BootTime grace_until{0};  ///< until then TCP is picked up mid-stream on ingress too
    WallTime compiled_at{};   ///< rules that had expired by then match nothing
    BootTime boot_minus_wall{0};
};

/// What a new flow is judged by.
struct Request {
    Direction direction = Direction::ingress;  ///< of the initiator
    std::uint8_t protocol = 0;                 ///< IPPROTO_*
    std::uint16_t service = 0;                 ///< destination port, ICMP type, or 0; host order
    IpAddress remote;
    MacAddress remote_mac;  ///< of a frame; in a tunnel there is none
    tg_link link = TG_LINK_CLEAR;
    std::string peer;             ///< of the tunnel, whose address `remote` is; empty: none
    std::set<NamePattern> names;  ///< that the remote was resolved from
    bool blocklisted = false;
    bool of_tunnel = false;  ///< a datagram that a tunnel of ours sends
    BootTime now{0};
};

struct PolicyVerdict {
    DropReason reason = DropReason::none;
    const Rule* rule = nullptr;  ///< the best rule, also of a drop; null: none matches

    [[nodiscard]] bool allowed() const { return reason == DropReason::none; }
};

/// The verdict of the policy (docs/packet-path.md, section 7) by walking all rules, without limits.
/// @return a rule that belongs to `generation`
[[nodiscard]] PolicyVerdict policy_verdict(const ReferenceGeneration& generation,
                                           const Request& request);

/// True if the compiler leaves the rule out: a deny rule that had expired.
[[nodiscard]] bool is_left_out(const ReferenceGeneration& generation, const Rule& rule);

/// True if the rule's expiry has passed.
[[nodiscard]] bool has_expired(const ReferenceGeneration& generation,
                               const Rule& rule,
                               BootTime now);

/// What is left of the rules' limits: token buckets whose content is kept as a debt of time (GCRA).
class LimitState {
  public:
    /// Takes one new flow and its first packet. False: over either limit, nothing is taken.
    [[nodiscard]] bool take_new_flow(const Rule& rule, BootTime now);
    /// Takes one packet. False: over the rule's limit, nothing is taken.
    [[nodiscard]] bool take_packet(const Rule& rule, BootTime now);
    void clear();

  private:
    using Debts = std::map<const Rule*, BootTime>;  ///< when the bucket is full again

    Debts flows_;
    Debts packets_;
};

}  // namespace tollgate::policy

// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tollgate/result.hpp>

#include "policy/model.hpp"

namespace tollgate::policy {

/// What a policy judges: the first packet of a flow, in the direction of its initiator.
struct Tuple {
    Direction direction = Direction::ingress;
    IpAddress remote;
    std::optional<MacAddress> mac;   ///< of the remote; matches no rule if unknown
    std::vector<std::string> names;  ///< of the remote, in lower case without the final dot
    Service service;                 ///< a single port or type: first == last
    tg_link link = TG_LINK_CLEAR;    ///< in a tunnel there is no `mac`, but perhaps a `peer`
    std::string peer{};              ///< that the remote address belongs to; empty: none
};

[[nodiscard]] bool covers(const Rule& rule, const Service& service);
[[nodiscard]] bool covers(const Selector& selector, const Tuple& tuple);
/// Expiry is not considered.
[[nodiscard]] bool matches(const Rule& rule, const Tuple& tuple);

/// A rule that would let the tuple pass but for one property.
struct NearMiss {
    enum class Differs : std::uint8_t { expired, port, remote, direction, protocol, via };

    const Rule* rule = nullptr;
    Differs differs = Differs::expired;

    /// "remote matches, port differs: tcp/554 (allow rtsp, line 20)"
    [[nodiscard]] std::string to_string() const;
};

/// Why a tuple gets its verdict. The pointers are into the policy.
struct Explanation {
    DropReason reason = DropReason::policy_default;  ///< none: it passes
    const Rule* decides = nullptr;                   ///< null: the default action
    std::vector<const Rule*> matching;  ///< the rules that match, the deciding one first
    std::vector<NearMiss> near_misses;  ///< of a dropped tuple, the nearest first

    [[nodiscard]] bool passes() const { return reason == DropReason::none; }
    /// A few lines for people: verdict, rule and line, near misses.
    [[nodiscard]] std::string to_string() const;
};

/// Judges a tuple as the data path does, but for the blocklist and the limits of rules, and says
/// why.
/// @param near_misses how many to name, at most
[[nodiscard]] Explanation explain(const Policy& policy,
                                  const Tuple& tuple,
                                  WallTime now,
                                  std::size_t near_misses = 3);

}  // namespace tollgate::policy

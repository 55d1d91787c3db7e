// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "agent/tunnel/endpoint.hpp"
#include "agent/tunnel/host_port.hpp"
#include "agent/tunnel/name_resolver.hpp"
#include "crypto/bytes.hpp"

namespace tollgate::agent {

/// How it goes with the handshakes of a peer.
struct PeerContact {
    Endpoint endpoint;             ///< where it was last heard from, or told to be
    std::uint32_t unanswered = 0;  ///< initiations in a row; 0: no handshake is under way
};

/// So many unanswered initiations say that the peer is no longer where we think: 15 s.
inline constexpr std::uint32_t kUnansweredMax = 3;

/// Decides when the name of a peer's endpoint is looked up and whether what comes out is used. It
/// is while we know no endpoint, and while handshakes fail; a peer that we hear from stays where it
/// was heard. Pure.
class EndpointWatch {
  public:
    static constexpr std::chrono::seconds kRetryFirst{1};
    static constexpr std::chrono::seconds kRetryLast{60};

    explicit EndpointWatch(HostPort name) : name_{std::move(name)} {}

    [[nodiscard]] const HostPort& name() const { return name_; }
    /// Why the last lookup failed; empty: it did not.
    [[nodiscard]] const std::string& problem() const { return problem_; }

    /// Whether to look the name up now; the next time is later, twice as much each time.
    [[nodiscard]] bool is_due(const PeerContact& contact, crypto::Instant now);
    /// Takes what a lookup has found. @return where the peer is to be from now on; nothing: as it
    /// is
    [[nodiscard]] std::optional<Endpoint> answered(const Resolution& resolution,
                                                   const PeerContact& contact);

  private:
    [[nodiscard]] static bool is_lost(const PeerContact& contact) {
        return !contact.endpoint.is_known() || contact.unanswered >= kUnansweredMax;
    }

    HostPort name_;
    std::string problem_;
    std::optional<crypto::Instant> next_;
    std::chrono::seconds delay_ = kRetryFirst;
};

}  // namespace tollgate::agent

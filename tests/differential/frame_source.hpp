// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "tests/support/talk.hpp"

namespace tollgate::test {

/// One generated frame.
struct Sent {
    Bytes frame;
    policy::Direction direction = policy::Direction::ingress;
};

/// Generates frames that build state: few hosts and ports, so that flows, embryos, fragments and
/// DNS queries meet; handshakes, answers, errors about earlier frames; every header that the parser
/// knows, and bytes changed at random. The same seed gives the same frames.
class FrameSource {
  public:
    explicit FrameSource(std::uint64_t seed) : random_(seed) {}

    [[nodiscard]] Sent next();

    /// Below `bound`.
    std::uint32_t below(std::uint32_t bound);
    /// Once in `times`.
    bool once_in(std::uint32_t times) { return below(times) == 0; }

    /// The hosts and services that frames are about, for policies that match some of them.
    static const std::vector<IpAddress>& remotes(bool ipv4);
    static const std::vector<std::uint16_t>& ports();
    static const std::vector<std::string>& names();
    static const std::vector<std::string>& peers();

  private:
    template <typename T>
    const T& one_of(const std::vector<T>& values) {
        return values[below(static_cast<std::uint32_t>(values.size()))];
    }

    [[nodiscard]] Talk any_talk();
    [[nodiscard]] Direction any_direction() { return once_in(2) ? kIn : kOut; }

    Sent tcp_segment();
    Sent datagram();
    Sent dns_message();
    Sent ping();
    Sent icmp_error();
    Sent fragment();
    Sent baseline_packet();
    Sent other_protocol();

    /// An IP packet of the talk in a frame, perhaps with options, extension headers and tags.
    Sent wrap(const Talk& talk, Direction direction, std::uint8_t protocol, const Bytes& transport);
    Bytes with_extensions(std::uint8_t& next, Bytes inside);
    EthernetFields link(const Talk& talk, Direction direction);
    Bytes any_options();
    void damage(Sent& sent);

    static constexpr Direction kIn = Direction::ingress;
    static constexpr Direction kOut = Direction::egress;

    std::mt19937_64 random_;
    std::deque<Sent> recent_;   ///< what ICMP errors quote and retransmissions repeat
    std::deque<Sent> waiting_;  ///< later fragments and answers
    std::vector<std::uint16_t> dns_ids_;
};

}  // namespace tollgate::test

// SPDX-License-Identifier: MIT
// The exported ruleset in the kernel's own firewall against the loaded program and the model:
//
//     peer [eth0] ── veth ── [eth0] host, nft -f the ruleset
//
// What is compared are packets that begin flows, in both directions: what has not been seen before
// by its addresses and ports, or where there are none, by its addresses the other way. In comes as
// frames and is looked for behind the chain `ingress`, by raw sockets; out goes by raw sockets
// through the chain `egress` and is looked for at the peer.
#include "agent/exchange/nft_export.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <set>
#include <string>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/differential/agreement.hpp"
#include "tests/differential/edges.hpp"
#include "tests/differential/receivers.hpp"
#include "tests/differential/required.hpp"
#include "tests/differential/seed.hpp"
#include "tests/support/frame_sender.hpp"
#include "tests/support/netns.hpp"
#include "tests/support/talk.hpp"

namespace tollgate::test {
namespace {

constexpr std::uint32_t kPolicies = 25;
constexpr std::uint32_t kPacketsPerPolicy = 4'000;  // 100,000 together
constexpr std::uint32_t kBatch = 500;
constexpr std::uint8_t kProtocolsOfIpv4[] =
    {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_GRE, IPPROTO_SCTP, IPPROTO_ESP};
constexpr std::uint8_t kProtocolsOfIpv6[] =
    {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMPV6, IPPROTO_GRE, IPPROTO_SCTP, IPPROTO_ESP};

/// Policies of all that the export can say without anything else having to help it, and packets
/// around their edges.
class Draws {
  public:
    explicit Draws(std::uint64_t seed) : random_(seed) {}

    policy::Policy policy() {
        std::vector<policy::Rule> rules;
        for (const policy::Rank rank :
             {policy::Rank::failsafe, policy::Rank::allow, policy::Rank::deny}) {
            for (std::uint32_t i = below(rank == policy::Rank::allow ? 10 : 4); i > 0; --i) {
                const Direction direction = below(2) == 0 ? Direction::ingress : Direction::egress;
                policy::Rule made =
                    rule("rule-" + std::to_string(rules.size()), rank, direction, services());
                for (std::uint32_t n = below(4); n > 0; --n) {
                    made = towards(std::move(made), kEdgePrefixes.at(below(kEdgePrefixes.size())));
                }
                if (direction == Direction::ingress && below(5) == 0) {
                    made = towards(std::move(made), "02:00:00:00:00:05");
                }
                rules.push_back(std::move(made));
            }
        }
        policy::Policy made = policy_of(std::move(rules));
        made.mode = policy::Stage::enforce;
        for (policy::Action& action : made.default_action) {
            action = below(5) == 0 ? policy::Action::pass : policy::Action::drop;
        }
        return made;
    }

    /// The packet with this number. @param local  the last part of its local address
    Bytes frame(std::uint32_t number, Direction direction, std::uint32_t local) {
        Talk talk;
        const bool four = below(2) == 0;
        talk.remote = ip(four ? kFour.at(below(kFour.size())) : kSix.at(below(kSix.size())));
        talk.local = ip((four ? "198.51.100." : "2001:db8:7::") + std::to_string(local));
        talk.remote_mac.bytes[5] = talk.remote.bytes[15] % 3 == 1 ? 5 : 1;  // one for each remote
        const auto own = static_cast<std::uint16_t>(20'000 + number % kPacketsPerPolicy);
        const bool ingress = direction == Direction::ingress;
        talk.remote_port = ingress ? own : port();
        talk.local_port = ingress ? port() : own;
        Bytes payload;
        append32(payload, kMarker);
        append32(payload, number);
        const auto protocol =
            four ? kProtocolsOfIpv4[protocol_index()] : kProtocolsOfIpv6[protocol_index()];
        return talk.frame(direction, protocol, transport(protocol, talk, direction, payload));
    }

  private:
    std::uint32_t below(std::size_t bound) { return static_cast<std::uint32_t>(random_() % bound); }
    std::uint16_t port() { return kEdgePorts.at(below(kEdgePorts.size())); }
    // Mostly TCP and UDP.
    std::size_t protocol_index() { return below(3) != 0 ? below(2) : 2 + below(4); }

    Bytes transport(std::uint8_t protocol,
                    const Talk& talk,
                    Direction direction,
                    const Bytes& payload) {
        constexpr std::array<std::uint8_t, 5> kTypes{8, 0, 13, 14, 17};
        constexpr std::array<std::uint8_t, 3> kTypes6{128, 129, 139};
        constexpr std::array<std::uint8_t, 5> kFlags{kSyn, kAck, kSyn | kAck, kRst, kFin | kAck};
        const Ports ports = talk.ports(direction);
        const std::uint32_t identifier =
            direction == Direction::ingress ? talk.remote_port : talk.local_port;
        switch (protocol) {
            case IPPROTO_TCP: {
                const bool other = direction == Direction::ingress && below(8) == 0;
                return tcp(ports, {other ? kFlags.at(below(kFlags.size())) : kSyn}, payload);
            }
            case IPPROTO_UDP:
                return udp(ports, payload);
            case IPPROTO_ICMP:
                return icmp(kTypes.at(below(kTypes.size())), 0, identifier << 16U, payload);
            case IPPROTO_ICMPV6:
                return icmp(kTypes6.at(below(kTypes6.size())), 0, identifier << 16U, payload);
            default: {
                Bytes bytes;
                append32(bytes, 0);
                append(bytes, payload);
                return bytes;
            }
        }
    }

    std::vector<policy::Service> services() {
        if (below(12) == 0) {
            return {};
        }
        if (below(4) == 0) {
            const auto first = static_cast<std::uint16_t>(below(14));
            return {service(IPPROTO_ICMP, first, static_cast<std::uint16_t>(first + below(5))),
                    service(IPPROTO_ICMPV6, 128, static_cast<std::uint16_t>(128 + below(12))),
                    service(kProtocolsOfIpv4[3 + below(3)])};
        }
        std::vector<policy::Service> made;
        for (std::uint32_t i = below(3); i < 3; ++i) {
            const auto [first, last] = std::minmax({port(), port()});
            const std::uint8_t protocol =
                below(2) == 0 ? std::uint8_t{IPPROTO_TCP} : std::uint8_t{IPPROTO_UDP};
            made.push_back(service(protocol, first, below(2) == 0 ? first : last));
        }
        return made;
    }

    static constexpr std::array<const char*, 7> kFour{"192.0.1.255",
                                                      "192.0.2.1",
                                                      "192.0.2.63",
                                                      "192.0.2.64",
                                                      "192.0.2.127",
                                                      "192.0.2.128",
                                                      "192.0.3.1"};
    static constexpr std::array<const char*, 5> kSix{"2001:db7:ffff::1",
                                                     "2001:db8::1",
                                                     "2001:db8:1::5",
                                                     "2001:db8:1:ffff::9",
                                                     "2001:db9::1"};
    std::mt19937_64 random_;
};

class NftExport : public RootTest {
  public:
    /// Sends frames, the first of which has the number `first`. @return the numbers that pass
    [[nodiscard]] Numbers send(Direction direction,
                               const std::vector<Bytes>& frames,
                               std::uint32_t first) const;

  protected:
    void SetUp() override {
        RootTest::SetUp();
        if (IsSkipped() || HasFatalFailure()) {
            return;
        }
        peer = std::make_unique<NetworkNamespace>("peer");
        host = std::make_unique<NetworkNamespace>("host");
        connect({*peer, "eth0", "10.250.0.2/30"}, {*host, "eth0", "10.250.0.1/30"});
        host->ip({"link", "set", "eth0", "address", "02:00:00:00:00:02"});
        {
            const Inside there(*host);
            run_command({"sysctl",
                         "-qw",
                         "net.ipv4.conf.all.rp_filter=0",
                         "net.ipv4.conf.eth0.rp_filter=0",
                         "net.ipv6.conf.eth0.disable_ipv6=0",
                         "net.ipv6.conf.eth0.accept_ra=0"});
            for (const std::uint8_t protocol : kProtocolsOfIpv4) {
                behind_ingress.add(open_socket(AF_INET, SOCK_RAW, protocol));
            }
            for (const std::uint8_t protocol : kProtocolsOfIpv6) {
                behind_ingress.add(open_socket(AF_INET6, SOCK_RAW, protocol));
            }
            four = open_socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
            six = open_socket(AF_INET6, SOCK_RAW, IPPROTO_RAW);
        }
        const std::string gateway = "02:00:00:00:00:77";  // nobody's: the peer only watches
        host->ip({"-6", "addr", "add", "2001:db8:fe::1/64", "dev", "eth0", "nodad"});
        host->ip({"neigh", "replace", "10.250.0.2", "lladdr", gateway, "dev", "eth0"});
        host->ip({"neigh", "replace", "2001:db8:fe::2", "lladdr", gateway, "dev", "eth0"});
        host->ip({"route", "add", "default", "via", "10.250.0.2"});
        host->ip({"-6", "route", "add", "default", "via", "2001:db8:fe::2", "dev", "eth0"});
        for (std::uint32_t i = 1; i <= 2 * kPolicies; ++i) {
            const std::string last = std::to_string(i);
            host->ip({"addr", "add", "198.51.100." + last + "/32", "dev", "eth0"});
            host->ip({"-6", "addr", "add", "2001:db8:7::" + last + "/128", "dev", "eth0", "nodad"});
        }
        const Inside there(*peer);
        at_peer.add(open_socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)));
    }

    void use_rules(const std::string& ruleset) const {
        const std::string path = "/tmp/tollgate-nft-export-" + std::to_string(getpid());
        std::ofstream(path) << ruleset;
        const Inside there(*host);
        ASSERT_EQ(run_command({"nft", "-f", path}), 0) << ruleset;
        std::filesystem::remove(path);
    }

    std::unique_ptr<NetworkNamespace> peer;
    std::unique_ptr<NetworkNamespace> host;
    Receivers behind_ingress;
    Receivers at_peer;
    agent::FileDescriptor four;
    agent::FileDescriptor six;

    static void send_from(const NetworkNamespace& host, std::span<const Bytes> frames) {
        const Inside there(host);
        const auto out = FrameSender::open("eth0");
        ASSERT_TRUE(out) << out.error().message();
        EXPECT_TRUE(out->send(
            frames.size(), 100'000, [&](std::uint64_t number) { return frames[number]; }));
    }

  private:
    // A packet that the ruleset drops is an error of sendto(2) here.
    void send_out(std::span<const Bytes> frames) const {
        for (const Bytes& frame : frames) {
            const auto packet = std::span(frame).subspan(ETH_HLEN);
            if (policy::be16_at(frame, 12) == ETH_P_IP) {
                sockaddr_in to{};
                to.sin_family = AF_INET;
                std::memcpy(&to.sin_addr, packet.data() + 16, 4);
                sendto(four.get(),
                       packet.data(),
                       packet.size(),
                       0,
                       reinterpret_cast<const sockaddr*>(&to),
                       sizeof to);
            } else {
                sockaddr_in6 to{};
                to.sin6_family = AF_INET6;
                std::memcpy(&to.sin6_addr, packet.data() + 24, 16);
                sendto(six.get(),
                       packet.data(),
                       packet.size(),
                       0,
                       reinterpret_cast<const sockaddr*>(&to),
                       sizeof to);
            }
        }
    }
};

Numbers NftExport::send(Direction direction,
                        const std::vector<Bytes>& frames,
                        std::uint32_t first) const {
    Numbers numbers;
    for (std::size_t done = 0; done < frames.size(); done += kBatch) {
        const auto batch =
            std::span(frames).subspan(done, std::min<std::size_t>(kBatch, frames.size() - done));
        direction == Direction::ingress ? send_from(*peer, batch) : send_out(batch);
        numbers.merge((direction == Direction::ingress ? behind_ingress : at_peer).arrived());
    }
    // ICMP errors and echo replies quote packets of before.
    numbers.erase(numbers.begin(), numbers.lower_bound(first));
    return numbers;
}

/// Passed by one of them only.
Numbers difference(const Numbers& a, const Numbers& b) {
    Numbers numbers;
    std::set_symmetric_difference(
        a.begin(), a.end(), b.begin(), b.end(), std::inserter(numbers, numbers.end()));
    return numbers;
}

// Judges packets of one direction by all three. @return how many pass
std::size_t agree(const NftExport& lab,
                  Agreement& gate,
                  Draws& draws,
                  std::uint32_t policy,
                  Direction direction) {
    const bool ingress = direction == Direction::ingress;
    const std::uint32_t half = kPacketsPerPolicy / 2;
    const std::uint32_t first = policy * kPacketsPerPolicy + (ingress ? 0 : half);
    std::vector<Bytes> frames;
    Numbers expected;
    for (std::uint32_t number = first; number < first + half; ++number) {
        frames.push_back(draws.frame(number, direction, 2 * policy + (ingress ? 1 : 2)));
        EXPECT_TRUE(gate.judge(frames.back(), direction));
        if (gate.last_passed()) {
            expected.insert(number);
        }
    }
    EXPECT_EQ(difference(lab.send(direction, frames, first), expected), Numbers{});
    return expected.size();
}

TEST_F(NftExport, AgreesWithTheGateOnTheFirstPacketsOfFlowsInBothDirections) {
    const std::uint64_t seed = seed_of_run();
    auto begun = Agreement::begin();
    TOLLGATE_REQUIRE(begun);
    Draws draws(seed);
    std::size_t passed = 0;
    for (std::uint32_t i = 0; i < kPolicies; ++i) {
        const policy::Policy policy = draws.policy();
        const exchange::Exported exported = exchange::export_nft(policy);
        EXPECT_EQ(policy::format_problems("policy", exported.problems), "");
        ASSERT_TRUE((*begun)->use({policy, policy::Stage::enforce, {}, {}}));
        use_rules(exported.text);
        for (const Direction direction : {Direction::ingress, Direction::egress}) {
            passed += agree(*this, **begun, draws, i, direction);
            ASSERT_FALSE(HasFailure()) << "policy " << i << "\n" << exported.text;
        }
    }
    std::cout << kPolicies * kPacketsPerPolicy << " packets, " << passed << " pass\n";
    EXPECT_GT(passed, 0U);
    EXPECT_LT(passed, kPolicies * kPacketsPerPolicy);
}

// To port 80, if the number is odd, else to port 53.
Bytes beginning(std::uint32_t number, const char* source, const char* target) {
    Talk talk;
    talk.remote = ip(source);
    talk.local = ip(target);
    talk.remote_port = static_cast<std::uint16_t>(40'000 + number);
    talk.local_port = number % 2 == 1 ? 80 : 53;
    Bytes payload;
    append32(payload, kMarker);
    append32(payload, number);
    const Bytes segment = tcp(talk.ports(Direction::ingress), {kSyn}, payload);
    return talk.frame(Direction::ingress, IPPROTO_TCP, segment);
}

TEST_F(NftExport, JudgesWhatTheHostForwards) {
    policy::Policy policy =
        policy_of({allow("web", Direction::ingress, {service(IPPROTO_TCP, 80)}),
                   allow("dns", Direction::egress, {service(IPPROTO_TCP, 53)})});
    policy.interfaces = {"eth0"};
    use_rules(exchange::export_nft(policy).text);
    const NetworkNamespace guest("guest");
    connect({guest, "eth0", "10.77.0.2/24"}, {*host, "eth1", "10.77.0.1/24"});
    host->ip({"link", "set", "eth1", "address", "02:00:00:00:00:02"});
    Receivers at_guest;
    {
        const Inside there(*host);
        ASSERT_EQ(run_command({"sysctl", "-qw", "net.ipv4.ip_forward=1"}), 0);
        const Inside in_guest(guest);
        at_guest.add(open_socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)));
    }
    send_from(*peer,
              std::vector{beginning(1, "192.0.2.1", "10.77.0.2"),
                          beginning(2, "192.0.2.1", "10.77.0.2")});
    EXPECT_EQ(at_guest.arrived(), Numbers{1});
    static_cast<void>(at_peer.arrived());  // it has seen what it has sent
    send_from(guest,
              std::vector{beginning(3, "10.77.0.2", "192.0.2.1"),
                          beginning(4, "10.77.0.2", "192.0.2.1")});
    EXPECT_EQ(at_peer.arrived(), Numbers{4});
}

}  // namespace
}  // namespace tollgate::test

// SPDX-License-Identifier: MIT
//
//     sender [eth0] ───── [in0] router, nft forward [out0] ───── [eth0] sink
#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <set>
#include <sstream>
#include <string>

#include <linux/if_ether.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <netpacket/packet.h>

#include "agent/system/file_descriptor.hpp"
#include "tests/differential/agreement.hpp"
#include "tests/differential/edges.hpp"
#include "tests/differential/required.hpp"
#include "tests/differential/seed.hpp"
#include "tests/support/frame_sender.hpp"
#include "tests/support/netns.hpp"
#include "tests/support/talk.hpp"

namespace tollgate::test {
namespace {

using policy::Direction;
using policy::Rank;

constexpr std::uint32_t kFrames = 24'000;
constexpr std::uint32_t kFramesPerPolicy = 4'000;
constexpr std::uint32_t kBatch = 500;
constexpr std::uint32_t kMarker = 0x70117011;  // begins the payload; the frame's number follows

// The rules of one service, with the verdict of the rule's rank.
std::string to_nft(const policy::Rule& rule, const policy::Service& service) {
    const std::string match = std::string(service.protocol == IPPROTO_TCP ? "tcp" : "udp") +
                              " dport " + std::to_string(service.first) + "-" +
                              std::to_string(service.last) +
                              (rule.rank == Rank::deny ? " drop\n" : " accept\n");
    std::ostringstream text;
    for (const Prefix& prefix : rule.selector.prefixes) {
        text << (prefix.address.is_ipv4() ? "ip" : "ip6") << " saddr " << prefix.to_string() << " "
             << match;
    }
    text << (rule.any_remote() ? match : "");
    return text.str();
}

// The rules of a policy of prefixes and ports, in the order of their ranks, for the forward hook.
std::string to_nft(const policy::Policy& policy) {
    std::ostringstream text;
    text << "table inet t { chain forward { type filter hook forward priority 0; policy drop;\n";
    for (const Rank rank : {Rank::failsafe, Rank::deny, Rank::allow}) {
        for (const policy::Rule& rule : policy.rules) {
            if (rule.rank != rank) {
                continue;
            }
            for (const policy::Service& service : rule.services) {
                text << to_nft(rule, service);
            }
        }
    }
    text << "}\n}\n";
    return text.str();
}

class Nftables : public RootTest {
  protected:
    void SetUp() override {
        RootTest::SetUp();
        if (IsSkipped() || HasFatalFailure()) {
            return;
        }
        sender = std::make_unique<NetworkNamespace>("send");
        router = std::make_unique<NetworkNamespace>("route");
        sink = std::make_unique<NetworkNamespace>("sink");
        connect({*sender, "eth0", "10.250.0.1/30"}, {*router, "in0", "10.250.0.2/30"});
        connect({*router, "out0", "10.251.0.1/30"}, {*sink, "eth0", "10.251.0.2/30"});
        router->ip({"link", "set", "in0", "address", "02:00:00:00:00:02"});
        const Inside there(*router);
        run_command({"sysctl",
                     "-qw",
                     "net.ipv4.ip_forward=1",
                     "net.ipv4.conf.all.rp_filter=0",
                     "net.ipv4.conf.in0.rp_filter=0",
                     "net.ipv6.conf.all.disable_ipv6=0",
                     "net.ipv6.conf.in0.disable_ipv6=0",
                     "net.ipv6.conf.out0.disable_ipv6=0",
                     "net.ipv6.conf.all.forwarding=1"});
        const std::string mac = "02:00:00:00:00:77";
        router->ip({"-6", "addr", "add", "2001:db8:fe::1/64", "dev", "out0", "nodad"});
        router->ip({"neigh", "add", "10.251.0.2", "lladdr", mac, "dev", "out0"});
        router->ip({"neigh", "add", "2001:db8:fe::2", "lladdr", mac, "dev", "out0"});
        router->ip({"route", "add", "default", "via", "10.251.0.2"});
        router->ip({"-6", "route", "add", "default", "via", "2001:db8:fe::2", "dev", "out0"});
        tap = open_tap();
    }

    [[nodiscard]] agent::FileDescriptor open_tap() const {
        const Inside there(*sink);
        agent::FileDescriptor socket(
            ::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL)));
        const int bytes = 64 << 20;
        setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
        return socket;
    }

    void use_rules(const policy::Policy& policy) const {
        const std::string path = "/tmp/tollgate-nft-" + std::to_string(getpid());
        std::ofstream(path) << "flush ruleset\n" << to_nft(policy);
        const Inside there(*router);
        ASSERT_EQ(run_command({"nft", "-f", path}), 0) << to_nft(policy);
        std::filesystem::remove(path);
    }

    // The numbers of the frames that have come through.
    [[nodiscard]] std::set<std::uint32_t> arrived() const {
        std::set<std::uint32_t> numbers;
        std::array<std::byte, 2048> frame{};
        pollfd ready{tap.get(), POLLIN, 0};
        while (poll(&ready, 1, 100) > 0) {
            const ssize_t size = recv(tap.get(), frame.data(), frame.size(), 0);
            const auto last = std::span(frame).first(size < 8 ? 0 : static_cast<std::size_t>(size));
            if (last.empty() || be32_at(last, last.size() - 8) != kMarker) {
                continue;
            }
            numbers.insert(be32_at(last, last.size() - 4));
        }
        return numbers;
    }

    [[nodiscard]] std::set<std::uint32_t> send(const std::vector<Bytes>& frames) const {
        const Inside there(*sender);
        const auto out = FrameSender::open("eth0");
        EXPECT_TRUE(out) << out.error().message();
        std::set<std::uint32_t> numbers;
        for (std::size_t first = 0; out && first < frames.size(); first += kBatch) {
            const std::size_t count = std::min<std::size_t>(kBatch, frames.size() - first);
            EXPECT_TRUE(out->send(
                count, 100'000, [&](std::uint64_t number) { return frames.at(first + number); }));
            numbers.merge(arrived());
        }
        return numbers;
    }

    std::unique_ptr<NetworkNamespace> sender;
    std::unique_ptr<NetworkNamespace> router;
    std::unique_ptr<NetworkNamespace> sink;
    agent::FileDescriptor tap;
};

// Policies of prefixes and port ranges, and frames around their edges.
class Edges {
  public:
    explicit Edges(std::uint64_t seed) : random_(seed) {}

    policy::Policy policy() {
        std::vector<policy::Rule> rules;
        for (const Rank rank : {Rank::failsafe, Rank::allow, Rank::deny}) {
            for (std::uint32_t i = below(6); i > 0; --i) {
                rules.push_back(rule(
                    "rule-" + std::to_string(rules.size()), rank, Direction::ingress, {ports()}));
                for (std::uint32_t n = below(4); n > 0; --n) {
                    rules.back() = towards(std::move(rules.back()), kEdgePrefixes.at(below(8)));
                }
            }
        }
        policy::Policy made = policy_of(std::move(rules));
        made.baseline = 0;
        return made;
    }

    Bytes frame(std::uint32_t number) {
        Talk talk;
        const bool four = below(2) == 0;
        talk.remote = ip(four ? kFour.at(below(8)) : kSix.at(below(6)));
        talk.local = ip(four ? "198.51.100.7" : "2001:db8:7::7");
        talk.remote_port = static_cast<std::uint16_t>(1024 + number % 60'000);
        talk.local_port = port();
        Bytes payload;
        append32(payload, kMarker);
        append32(payload, number);
        const Ports of = talk.ports(Direction::ingress);
        const bool is_tcp = below(2) == 0;
        const Bytes transport = is_tcp ? tcp(of, {kSyn}, payload) : udp(of, payload);
        return talk.frame(Direction::ingress,
                          is_tcp ? std::uint8_t{IPPROTO_TCP} : std::uint8_t{IPPROTO_UDP},
                          transport);
    }

  private:
    std::uint32_t below(std::uint32_t bound) {
        return static_cast<std::uint32_t>(random_() % bound);
    }
    std::uint16_t port() { return kEdgePorts.at(below(12)); }
    policy::Service ports() {
        const auto [first, last] = std::minmax({port(), port()});
        return service(
            below(2) == 0 ? std::uint8_t{IPPROTO_TCP} : std::uint8_t{IPPROTO_UDP}, first, last);
    }

    static constexpr std::array<const char*, 8> kFour{"192.0.1.255",
                                                      "192.0.2.0",
                                                      "192.0.2.63",
                                                      "192.0.2.64",
                                                      "192.0.2.127",
                                                      "192.0.2.128",
                                                      "192.0.2.255",
                                                      "192.0.3.0"};
    static constexpr std::array<const char*, 6> kSix{"2001:db7:ffff::1",
                                                     "2001:db8::",
                                                     "2001:db8:1::5",
                                                     "2001:db8:1:ffff::9",
                                                     "2001:db8:2::1",
                                                     "2001:db9::1"};
    std::mt19937_64 random_;
};

// Case P39
TEST_F(Nftables, ProgramModelAndKernelAgreeOnPrefixesAndPorts) {
    const std::uint64_t seed = seed_of_run();
    auto begun = Agreement::begin();
    TOLLGATE_REQUIRE(begun);
    Agreement& both = **begun;
    Edges edges(seed);
    std::size_t passed = 0;
    for (std::uint32_t first = 0; first < kFrames; first += kFramesPerPolicy) {
        const policy::Policy policy = edges.policy();
        ASSERT_TRUE(both.use({policy, policy::Stage::enforce, {}, {}}));
        use_rules(policy);
        std::vector<Bytes> frames;
        std::set<std::uint32_t> expected;
        for (std::uint32_t number = first; number < first + kFramesPerPolicy; ++number) {
            frames.push_back(edges.frame(number));
            ASSERT_TRUE(both.judge(frames.back(), Direction::ingress)) << "TOLLGATE_SEED=" << seed;
            if (both.last_passed()) {
                expected.insert(number);
            }
        }
        EXPECT_EQ(send(frames), expected) << "TOLLGATE_SEED=" << seed << "\n" << to_nft(policy);
        passed += expected.size();
    }
    std::cout << kFrames << " frames, " << passed << " pass\n";
    EXPECT_GT(passed, 0U);
    EXPECT_LT(passed, kFrames);
}

}  // namespace
}  // namespace tollgate::test

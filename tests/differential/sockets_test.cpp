// SPDX-License-Identifier: MIT
//
//     peer [eth0] ───── [eth0] host: every address is its own, a socket on every port that the
//                              frames are for; Gate, zone 0
#include <chrono>
#include <filesystem>
#include <iostream>
#include <numeric>
#include <thread>

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <tollgate/abi/parse.h>

#include "agent/system/file_descriptor.hpp"
#include "policy/compile.hpp"
#include "tests/differential/capture.hpp"
#include "tests/differential/listeners.hpp"
#include "tests/support/frame_sender.hpp"
#include "tests/support/gate_lab.hpp"
#include "tests/support/talk.hpp"

namespace tollgate::test {
namespace {

using policy::Direction;

constexpr std::uint16_t kAllowed = kOpenPort;
constexpr std::uint16_t kForbidden = kClosedPort;
constexpr std::size_t kFrameMax = 1514;

class Sockets : public GateLab {
  protected:
    void SetUp() override {
        GateLab::SetUp();
        if (IsSkipped() || HasFatalFailure()) {
            return;
        }
        for (const char* family : {"-4", "-6"}) {
            host->ip({family, "route", "add", "local", "default", "dev", "lo"});
        }
        run_command({"sysctl",
                     "-qw",
                     "net.ipv4.conf.all.accept_local=1",
                     "net.ipv4.conf.all.rp_filter=0",
                     "net.ipv4.conf.eth0.rp_filter=0",
                     "net.ipv6.conf.eth0.disable_ipv6=0"});
        mac = mac_of("eth0");
        open();
        const auto policy =
            policy_of({allow("open",
                             Direction::ingress,
                             {service(IPPROTO_TCP, kAllowed), service(IPPROTO_UDP, kAllowed)})});
        ASSERT_TRUE(load(policy::compile(policy, {}).value()));
        ASSERT_TRUE(attach());
    }

    static MacAddress mac_of(const std::string& interface) {
        const agent::FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        ifreq request{};
        interface.copy(request.ifr_name, IFNAMSIZ - 1);
        EXPECT_EQ(ioctl(socket.get(), SIOCGIFHWADDR, &request), 0);
        MacAddress address;
        std::copy_n(request.ifr_hwaddr.sa_data, 6, address.bytes.begin());
        return address;
    }

    // A frame as it would be addressed to the host's interface.
    [[nodiscard]] Bytes to_host(Bytes frame) const {
        const bool to_group = (std::to_integer<unsigned>(frame.at(0)) & 1U) != 0;
        for (std::size_t i = 0; i < 6 && !to_group; ++i) {
            frame[i] = static_cast<std::byte>(mac.bytes.at(i));
        }
        return frame;
    }

    void send(const std::vector<Bytes>& frames) const {
        const Inside there(*peer);
        const auto sender = FrameSender::open("eth0");
        ASSERT_TRUE(sender) << sender.error().message();
        const auto sent = sender->send(
            frames.size(), 50'000, [&](std::uint64_t index) { return frames.at(index); });
        ASSERT_TRUE(sent) << sent.error().message();
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }

    static std::size_t total(const std::map<Endpoint, std::size_t>& counts) {
        return std::accumulate(
            counts.begin(), counts.end(), std::size_t{0}, [](std::size_t sum, const auto& entry) {
                return sum + entry.second;
            });
    }

    MacAddress mac;
};

// What a frame is for, if it is TCP or UDP at all.
std::optional<Endpoint> endpoint_of(const Bytes& frame) {
    const tg_frame parsed{frame.data(),
                          frame.data() + frame.size(),
                          static_cast<std::uint32_t>(frame.size()),
                          TG_INGRESS};
    tg_packet packet{};
    const bool readable = tg_parse(&parsed, TG_LINK_CLEAR, 0, &packet) == TG_DROP_NONE;
    const std::uint16_t port = ntohs(packet.key.local_port);
    if (!readable || port == 0 || port == kAllowed ||
        (packet.key.protocol != IPPROTO_TCP && packet.key.protocol != IPPROTO_UDP)) {
        return std::nullopt;
    }
    return Endpoint{packet.key.protocol, port};
}

// The recorded frames that an interface can carry.
std::vector<Bytes> frames_under(const std::filesystem::path& folder) {
    std::vector<Bytes> frames;
    for (const auto& path : captures_under(folder)) {
        for (Bytes& frame : read_frames(path)) {
            if (frame.size() >= 14 && frame.size() <= kFrameMax) {
                frames.push_back(std::move(frame));
            }
        }
    }
    return frames;
}

TEST_F(Sockets, NoRecordedFrameReachesAForbiddenOne) {
    const auto folder = corpus();
    if (!folder) {
        GTEST_SKIP() << "no corpus: set TOLLGATE_CORPUS";
    }
    std::vector<Bytes> frames;
    std::set<Endpoint> endpoints;
    for (const char* part : {"evasion", "protocols"}) {
        for (const Bytes& frame : frames_under(*folder / part)) {
            frames.push_back(to_host(frame));
            if (const auto endpoint = endpoint_of(frame)) {
                endpoints.insert(*endpoint);
            }
        }
    }
    Listeners listeners(endpoints);
    EXPECT_GT(listeners.size(), endpoints.size() / 2);

    send(frames);
    const auto reached = listeners.received();
    for (const auto& [endpoint, count] : reached) {
        // The client's side of DHCP is the baseline's: it must be reached.
        EXPECT_EQ(endpoint, (Endpoint{IPPROTO_UDP, 68}))
            << "port " << endpoint.second << ": " << count;
    }

    ASSERT_TRUE(gate->set_open(true));
    send(frames);
    const std::size_t without = total(listeners.received());
    std::cout << frames.size() << " frames to " << listeners.size()
              << " sockets: " << total(reached) << " arrive, " << without
              << " with the gate open\n";
    EXPECT_GT(without, 50U) << "the frames do not reach the sockets even with the gate open";
}

// One datagram of 24 bytes to a port of the host, in every disguise that delivers it.
std::vector<Bytes> disguises(std::uint16_t port, const EthernetFields& link) {
    Talk talk;
    talk.remote_port = 5555;
    talk.local_port = port;
    const IpFields plain = talk.fields(Direction::ingress, IPPROTO_UDP);
    const Bytes datagram = udp(talk.ports(Direction::ingress), Bytes(16));
    std::vector<Bytes> frames{ip_frame(plain, datagram, link)};

    EthernetFields tagged = link;
    tagged.tags = {{0x8100, 0}};
    frames.push_back(ip_frame(plain, datagram, tagged));
    for (const Bytes& options : {bytes({1, 1, 1, 0}), bytes({148, 4, 0, 0})}) {
        IpFields fields = plain;
        fields.options = options;
        frames.push_back(ip_frame(fields, datagram, link));
    }
    Bytes unsummed = datagram;  // in fragments, the checksum is left out
    const auto part = [&](std::uint16_t id, std::uint16_t from, std::uint16_t to, bool more) {
        IpFields fields = plain;
        fields.checksum = false;
        fields.identification = id;
        fields.fragment = static_cast<std::uint16_t>((more ? 0x2000 : 0) | from / 8);
        frames.push_back(
            ip_frame(fields, Bytes(unsummed.begin() + from, unsummed.begin() + to), link));
    };
    part(11, 0, 8, true);  // the header, then the rest
    part(11, 8, 24, false);
    part(12, 16, 24, false);  // backwards
    part(12, 0, 16, true);

    const Talk six = [&] {
        Talk other = talk6();
        other.remote_port = 5555;
        other.local_port = port;
        return other;
    }();
    IpFields fields = six.fields(Direction::ingress, IPPROTO_UDP);
    Bytes summed = datagram;
    fill_checksum(summed, fields);
    frames.push_back(ip_frame(fields, summed, link));
    const auto behind = [&](std::uint8_t first, const Bytes& payload) {
        IpFields outer = six.fields(Direction::ingress, first);
        frames.push_back(ip_frame(outer, payload, link));
    };
    const Bytes padding = bytes({1, 4, 0, 0, 0, 0});
    behind(IPPROTO_HOPOPTS, extension(IPPROTO_UDP, padding, summed));
    behind(IPPROTO_DSTOPTS, extension(IPPROTO_UDP, padding, summed));
    behind(IPPROTO_DSTOPTS,
           extension(IPPROTO_DSTOPTS, padding, extension(IPPROTO_UDP, padding, summed)));
    behind(IPPROTO_FRAGMENT, fragment6(IPPROTO_UDP, 0, 21, summed));
    behind(IPPROTO_FRAGMENT,
           fragment6(IPPROTO_UDP, 1, 22, Bytes(summed.begin(), summed.begin() + 8)));
    behind(IPPROTO_FRAGMENT,
           fragment6(IPPROTO_UDP, 8, 22, Bytes(summed.begin() + 8, summed.end())));
    behind(IPPROTO_FRAGMENT,
           fragment6(IPPROTO_UDP, 16, 23, Bytes(summed.begin() + 16, summed.end())));
    behind(IPPROTO_FRAGMENT,
           fragment6(IPPROTO_UDP, 1, 23, Bytes(summed.begin(), summed.begin() + 16)));
    return frames;
}

// Cases P04, P16, P18
TEST_F(Sockets, NoDisguiseBringsADatagramToAForbiddenOne) {
    const Endpoint allowed{IPPROTO_UDP, kAllowed};
    const Endpoint forbidden{IPPROTO_UDP, kForbidden};
    Listeners listeners({allowed, forbidden});
    ASSERT_EQ(listeners.size(), 2U);
    const EthernetFields link{MacAddress{{2, 0, 0, 0, 0, 9}}, mac, {}};

    send(disguises(kForbidden, link));
    send(disguises(kAllowed, link));
    auto reached = listeners.received();
    EXPECT_EQ(reached.count(forbidden), 0U);
    EXPECT_GE(reached[allowed], 9U) << "all whole and in-order ones";
    const std::size_t arrived = reached[allowed];

    ASSERT_TRUE(gate->set_open(true));
    send(disguises(kForbidden, link));
    const std::size_t without = listeners.received()[forbidden];
    std::cout << arrived << " reach the allowed socket, " << without
              << " the forbidden one with the gate open\n";
    EXPECT_GE(without, arrived) << "the disguises do not work even with the gate open";
}

bool connects(const NetworkNamespace& from, std::uint16_t port) {
    const Inside there(from);
    const agent::FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience{0, 400'000};
    setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(0xc0000202);
    const auto* address = static_cast<const sockaddr*>(static_cast<const void*>(&to));
    return connect(socket.get(), address, sizeof to) == 0;
}

TEST_F(Sockets, OnlyTheAllowedOneTakesConnections) {
    Listeners listeners({{IPPROTO_TCP, kAllowed}, {IPPROTO_TCP, kForbidden}});
    EXPECT_TRUE(connects(*peer, kAllowed));
    EXPECT_FALSE(connects(*peer, kForbidden));
    auto reached = listeners.received();
    EXPECT_EQ(reached.count({IPPROTO_TCP, kForbidden}), 0U);
    EXPECT_EQ(reached.count({IPPROTO_TCP, kAllowed}), 1U);
    ASSERT_TRUE(gate->set_open(true));
    EXPECT_TRUE(connects(*peer, kForbidden));
}

}  // namespace
}  // namespace tollgate::test

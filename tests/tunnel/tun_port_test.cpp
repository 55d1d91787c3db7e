// SPDX-License-Identifier: MIT
#include "agent/tunnel/tun_port.hpp"

#include <cerrno>
#include <cstring>

#include <netinet/udp.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/tunnel/tun_error.hpp"
#include "tests/support/host_packets.hpp"
#include "tests/tunnel/joined_ports.hpp"
#include "tests/tunnel/stream.hpp"

namespace tollgate::test {
namespace {

using agent::Endpoint;
using agent::TunError;
using agent::TunPort;
using ::testing::HasSubstr;

constexpr std::size_t kMegabytes = 1 << 20;

class TunPortTest : public JoinedPorts {
  protected:
    /// Datagrams that `sending` sends as one, and `receiving` gets one by one.
    static void expect_datagrams(const FileDescriptor& sending,
                                 const FileDescriptor& receiving,
                                 const Payload& bytes,
                                 int segment) {
        ::setsockopt(sending.get(), IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment);
        ASSERT_EQ(::send(sending.get(), bytes.data(), bytes.size(), 0),
                  static_cast<ssize_t>(bytes.size()));
        const auto step = static_cast<std::size_t>(segment);
        for (std::size_t at = 0; at < bytes.size(); at += step) {
            Payload datagram(65'536);
            const ssize_t size = ::recv(receiving.get(), datagram.data(), datagram.size(), 0);
            ASSERT_EQ(size, static_cast<ssize_t>(std::min(step, bytes.size() - at)));
            ASSERT_EQ(std::memcmp(datagram.data(), &bytes[at], static_cast<std::size_t>(size)), 0);
        }
    }
};

TEST_F(TunPortTest, CarriesTcpOfBothVersionsBothWays) {
    NullForwarder forwarder{*left_port, *right_port};
    const Payload bytes = numbered(8 * kMegabytes);
    for (const char* address : {"198.51.100.2:80", "[2001:db8::2]:80"}) {
        EXPECT_TRUE(transfer(*left, *right, *Endpoint::parse(address), bytes) == bytes) << address;
    }
    for (const char* address : {"198.51.100.1:80", "[2001:db8::1]:80"}) {
        EXPECT_TRUE(transfer(*right, *left, *Endpoint::parse(address), bytes) == bytes) << address;
    }
    forwarder.stop();
    EXPECT_GT(forwarder.joined(), 100);
    EXPECT_EQ(left_port->counters().refused + right_port->counters().refused, 0U);
    EXPECT_EQ(left_port->counters().malformed + right_port->counters().malformed, 0U);
}

TEST_F(TunPortTest, CarriesUdpOfBothVersionsOneByOneAndAsOne) {
    NullForwarder forwarder{*left_port, *right_port};
    for (const char* text : {"198.51.100.2:53", "[2001:db8::2]:53"}) {
        const Endpoint endpoint = *Endpoint::parse(text);
        const FileDescriptor receiving = socket_in(*right, SOCK_DGRAM, endpoint, true);
        const FileDescriptor sending = socket_in(*left, SOCK_DGRAM, endpoint, false);
        for (const int segment : {1, 100, 1000, 1372}) {
            expect_datagrams(
                sending, receiving, numbered(static_cast<std::size_t>(segment)), segment);
            expect_datagrams(
                sending, receiving, numbered(static_cast<std::size_t>(segment) * 40 - 1), segment);
        }
    }
    forwarder.stop();
    EXPECT_EQ(forwarder.joined() > 0, left_port->has_udp_segmentation());
    EXPECT_EQ(right_port->counters().refused, 0U);
}

TEST_F(TunPortTest, CarriesDatagramsThatTheHostFragments) {
    const NullForwarder forwarder{*left_port, *right_port};
    const Endpoint endpoint = *Endpoint::parse("198.51.100.2:53");
    const FileDescriptor receiving = socket_in(*right, SOCK_DGRAM, endpoint, true);
    const FileDescriptor sending = socket_in(*left, SOCK_DGRAM, endpoint, false);
    const Payload bytes = numbered(20'000);
    ASSERT_EQ(::send(sending.get(), bytes.data(), bytes.size(), 0), 20'000);
    Payload datagram(65'536);
    ASSERT_EQ(::recv(receiving.get(), datagram.data(), datagram.size(), 0), 20'000);
    datagram.resize(bytes.size());
    EXPECT_EQ(datagram, bytes);
}

/// UDP from 198.51.100.1 to port 53 of 198.51.100.2.
Packet datagram(std::size_t payload) {
    Flow flow{.is_tcp = false};
    Packet packet = flow.build(payload);
    put32(packet, 12, 0xc6336401);
    put32(packet, 16, 0xc6336402);
    put16(packet, 22, 53);
    put16(packet, 10, 0);
    put16(packet, 10, static_cast<std::uint16_t>(~plain_sum({packet.data(), 20})));
    put16(packet, 26, 0);
    put16(packet, 26, static_cast<std::uint16_t>(~transport_sum(packet, 20)));
    return packet;
}

// The third of five datagrams was damaged before it was sealed: the host drops it, and says why.
TEST_F(TunPortTest, ADamagedPacketAmongJoinedOnesDiesInTheHostAsWithoutUs) {
    const UdpSocket socket{*right, 53};
    std::vector<Packet> packets(5, datagram(100));
    packets[2][60] ^= std::byte{1};
    const std::vector<crypto::MutableBytes> views(packets.begin(), packets.end());
    right_port->send(views);
    for (int i = 0; i < 4; ++i) {
        EXPECT_TRUE(socket.receive());
    }
    EXPECT_FALSE(socket.receive());
    EXPECT_EQ(right_port->counters().refused, 0U);
    const std::string counters =
        output_of({"ip", "netns", "exec", right->name(), "nstat", "-asz", "UdpInCsumErrors"});
    EXPECT_THAT(counters, HasSubstr("UdpInCsumErrors                 1 "));
}

TEST_F(TunPortTest, WorksOnAfterItsInterfaceWasMovedToAnotherNamespace) {
    const NullForwarder forwarder{*left_port, *right_port};
    const NetworkNamespace elsewhere{"else"};
    left->ip({"link", "set", "tun0", "netns", elsewhere.name()});
    elsewhere.ip({"link", "set", "tun0", "up"});
    give_addresses(elsewhere, "1");
    const Payload bytes = numbered(kMegabytes);
    const Endpoint endpoint = *Endpoint::parse("198.51.100.2:80");
    EXPECT_TRUE(transfer(elsewhere, *right, endpoint, bytes) == bytes);
}

TEST_F(TunPortTest, FollowsTheMtuUnderAnotherNameAndInAnotherNamespace) {
    const NetworkNamespace elsewhere{"else"};
    left->ip({"link", "set", "tun0", "mtu", "1300"});
    EXPECT_EQ(left_port->mtu(), 1300U);
    left->ip({"link", "set", "tun0", "name", "moved", "mtu", "1301"});
    EXPECT_EQ(left_port->mtu(), 1301U);
    left->ip({"link", "set", "moved", "netns", elsewhere.name()});
    elsewhere.ip({"link", "set", "moved", "mtu", "1302"});
    EXPECT_EQ(left_port->mtu(), 1302U);
    EXPECT_EQ(output_of({"ip", "netns", "identify", std::to_string(::getpid())}), "\n");
}

TEST_F(TunPortTest, CountsWhatAHostThatIsDownDoesNotTake) {
    right->ip({"link", "set", "tun0", "down"});
    Packet packet = datagram(100);
    const std::array<crypto::MutableBytes, 1> views{packet};
    right_port->send(views);
    EXPECT_EQ(right_port->counters().refused, 1U);
    EXPECT_FALSE(right_port->receive());
}

TEST_F(TunPortTest, MakesAnInterfaceThatIsUpAndSilentAndGoesWithTheObject) {
    const Inside there{*left};
    const auto port = TunPort::open({.name = "tun1", .mtu = 1380}).value();
    run_command({"sysctl", "-qw", "net.ipv6.conf.tun1.disable_ipv6=0"});
    EXPECT_THAT(output_of({"ip", "link", "show", "tun1"}), HasSubstr("mtu 1380"));
    EXPECT_THAT(output_of({"ip", "link", "show", "tun1"}), HasSubstr(",UP,"));
    EXPECT_EQ(output_of({"ip", "-6", "addr", "show", "dev", "tun1"}), "");
    EXPECT_EQ(port->mtu(), 1380U);
    EXPECT_EQ(TunPort::open({.name = "tun1"}).error().code.value(), EBUSY);
    EXPECT_EQ(TunPort::open({.name = "lo"}).error().code, TunError::other_kind);
    left_port.reset();
    EXPECT_EQ(run_command({"ip", "link", "show", "tun0"}), 1);
}

TEST_F(TunPortTest, KeepsAThousandPacketsForAnAgentThatHadNoTurn) {
    const FileDescriptor socket =
        socket_in(*left, SOCK_DGRAM, *Endpoint::parse("198.51.100.2:80"), false);
    while (left_port->receive()) {
    }
    for (int i = 0; i < 1000; ++i) {
        ASSERT_EQ(::send(socket.get(), "x", 1, 0), 1);
    }
    int received = 0;
    while (left_port->receive()) {
        ++received;
    }
    EXPECT_EQ(received, 1000);
}

TEST_F(TunPortTest, RefusesNamesAndMtusThatAreNone) {
    for (const char* name : {"", "a/b", "sixteen-letters-", "tun 1"}) {
        EXPECT_EQ(TunPort::open({.name = name}).error().code.value(), EINVAL) << name;
    }
    for (const std::size_t mtu : {0U, 67U, 65'536U}) {
        EXPECT_EQ(TunPort::open({.name = "tun9", .mtu = mtu}).error().code.value(), EINVAL) << mtu;
    }
}

TEST_F(TunPortTest, HasAsManyQueuesAsAreOpenedAndNoneIsAStrangers) {
    const Inside there{*left};
    using Queues = TunPort::Queues;
    const auto one = TunPort::open({.name = "tun2", .queues = Queues::first});
    const auto other = TunPort::open({.name = "tun2", .queues = Queues::further});
    EXPECT_TRUE(one);
    EXPECT_TRUE(other);
    const auto stranger = TunPort::open({.name = "tun2", .queues = Queues::first});
    ASSERT_FALSE(stranger);
    EXPECT_EQ(stranger.error().code.value(), EBUSY);
}

TEST_F(TunPortTest, APersistentInterfaceStaysOneOfOneQueueOrOfSeveralUntilItIsRemoved) {
    const Inside there{*left};
    using Queues = TunPort::Queues;
    for (const auto& [made, other] :
         {std::pair{Queues::one, Queues::first}, std::pair{Queues::first, Queues::one}}) {
        ASSERT_TRUE(TunPort::open({.name = "tun2", .queues = made}).value()->set_persistent(true));
        EXPECT_EQ(TunPort::open({.name = "tun2", .queues = other}).error().code,
                  TunError::other_kind);
        EXPECT_TRUE(TunPort::open({.name = "tun2", .queues = made}));
        EXPECT_TRUE(agent::remove_tun("tun2"));
        EXPECT_EQ(run_command({"ip", "link", "show", "tun2"}), 1);
    }
}

}  // namespace
}  // namespace tollgate::test

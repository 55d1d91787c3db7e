// SPDX-License-Identifier: MIT
#include "agent/tunnel/udp_link.hpp"

#include <chrono>

#include <poll.h>

#include <gtest/gtest.h>

#include "agent/tunnel/gso_probe.hpp"
#include "tests/support/host_packets.hpp"

namespace tollgate::agent {
namespace {

using test::Packet;

struct Received {
    Packet bytes;
    Endpoint from;
    std::uint8_t ecn = 0;
};

void append(const Arrival& arrival, std::vector<Received>& datagrams) {
    crypto::Bytes left = arrival.bytes;
    while (!left.empty()) {
        const auto one = left.first(std::min(left.size(), arrival.segment));
        datagrams.push_back({{one.begin(), one.end()}, arrival.from, arrival.ecn});
        left = left.subspan(one.size());
    }
}

/// The datagrams that arrive until there are `count`, or until patience ends.
std::vector<Received> receive(UdpLink& link,
                              std::size_t count,
                              std::chrono::milliseconds patience = std::chrono::seconds{1}) {
    std::vector<Received> datagrams;
    const auto end = std::chrono::steady_clock::now() + patience;
    while (datagrams.size() < count && std::chrono::steady_clock::now() < end) {
        for (const int descriptor : link.descriptors()) {
            pollfd ready{.fd = descriptor, .events = POLLIN, .revents = 0};
            ::poll(&ready, 1, 1);
            for (const Arrival& arrival : link.receive(descriptor)) {
                append(arrival, datagrams);
            }
        }
    }
    return datagrams;
}

Packet pattern(std::size_t size) {
    Packet bytes(size);
    for (std::size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<std::byte>(i * 31 + (i >> 8U));
    }
    return bytes;
}

Packet joined(const std::vector<Received>& datagrams) {
    Packet bytes;
    for (const Received& one : datagrams) {
        bytes.insert(bytes.end(), one.bytes.begin(), one.bytes.end());
    }
    return bytes;
}

Endpoint at(const char* address, const Link& link) {
    Endpoint endpoint;
    endpoint.address = *IpAddress::parse(address);
    endpoint.port = link.port();
    return endpoint;
}

class UdpLinkTest : public ::testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        if (std::string_view{GetParam()} == "::1" && receiver->descriptors().size() < 3) {
            GTEST_SKIP() << "a host without IPv6";
        }
    }
    bool send(const Packet& bytes, std::size_t segment, std::uint8_t traffic_class = 0) {
        return sender->send(at(GetParam(), *receiver), bytes, segment, traffic_class);
    }

    std::unique_ptr<UdpLink> sender = UdpLink::open({}).value();
    std::unique_ptr<UdpLink> receiver = UdpLink::open({}).value();
};
INSTANTIATE_TEST_SUITE_P(Loopback, UdpLinkTest, ::testing::Values("127.0.0.1", "::1"));

TEST_P(UdpLinkTest, SaysWhereADatagramComesFromAndWhereItWasSent) {
    ASSERT_TRUE(send(pattern(100), 100));
    const auto datagrams = receive(*receiver, 1);
    ASSERT_EQ(datagrams.size(), 1U);
    EXPECT_EQ(datagrams[0].bytes, pattern(100));
    EXPECT_TRUE(datagrams[0].from.same_place(at(GetParam(), *sender)));
    EXPECT_EQ(datagrams[0].from.local, IpAddress::parse(GetParam()));
    EXPECT_EQ(datagrams[0].from.local_interface, 1U);
}

TEST_P(UdpLinkTest, CarriesManyDatagramsAsTheyAre) {
    for (const std::size_t segment : {1U, 32U, 148U, 1280U, 1452U, 9000U}) {
        const std::size_t count = std::min<std::size_t>(64, 65'507 / segment);
        for (const std::size_t shorter : {std::size_t{0}, segment / 2}) {
            const Packet bytes = pattern(count * segment - shorter);
            ASSERT_TRUE(send(bytes, segment));
            const auto datagrams = receive(*receiver, count);
            ASSERT_EQ(datagrams.size(), count) << segment;
            EXPECT_EQ(datagrams[0].bytes.size(), segment);
            EXPECT_EQ(datagrams.back().bytes.size(), segment - shorter);
            EXPECT_EQ(joined(datagrams), bytes);
        }
    }
    EXPECT_EQ(sender->segmentation_fault(), "");
}

TEST_P(UdpLinkTest, SendsOneByOneWithoutSegmentation) {
    sender = UdpLink::open({.has_segmentation = false}).value();
    EXPECT_EQ(sender->segmentation_fault(), "switched off");
    const Packet bytes = pattern(20 * 1200 + 7);
    ASSERT_TRUE(send(bytes, 1200));
    const auto datagrams = receive(*receiver, 21);
    ASSERT_EQ(datagrams.size(), 21U);
    EXPECT_EQ(joined(datagrams), bytes);
}

// 65,536 bytes is the MTU of the loopback interface: a datagram that does not fit is fragmented.
// Case W01
TEST_P(UdpLinkTest, TakesTheLargestDatagramAndGoesOn) {
    const Packet bytes = pattern(65'507);
    ASSERT_TRUE(send(bytes, bytes.size()));
    ASSERT_TRUE(send(pattern(5), 5));
    const auto datagrams = receive(*receiver, 2);
    ASSERT_EQ(datagrams.size(), 2U);
    EXPECT_EQ(datagrams[0].bytes, bytes);
    EXPECT_EQ(datagrams[1].bytes, pattern(5));
}

// Case W34
TEST_P(UdpLinkTest, CarriesEcnInBothFamilies) {
    for (std::uint8_t ecn = 0; ecn < 4; ++ecn) {
        ASSERT_TRUE(send(pattern(10), 10, static_cast<std::uint8_t>(0x88U | ecn)));
        const auto datagrams = receive(*receiver, 1);
        ASSERT_EQ(datagrams.size(), 1U);
        EXPECT_EQ(datagrams[0].ecn, ecn);
    }
}

TEST_P(UdpLinkTest, SendsFromElsewhereWhenTheLocalAddressIsGone) {
    Endpoint to = at(GetParam(), *receiver);
    to.local = *IpAddress::parse(to.address.is_ipv4() ? "192.0.2.77" : "2001:db8::77");
    const Packet bytes = pattern(3000);
    for (const std::size_t segment : {std::size_t{1000}, bytes.size()}) {
        ASSERT_TRUE(sender->send(to, bytes, segment, 0));
        const auto datagrams = receive(*receiver, bytes.size() / segment);
        EXPECT_EQ(joined(datagrams), bytes);
        EXPECT_EQ(datagrams[0].from.address, to.address);
    }
    EXPECT_EQ(sender->udp_counters().source_refused, 2U);
    EXPECT_EQ(sender->udp_counters().refused, 0U);
}

// Case W32
TEST_P(UdpLinkTest, SurvivesWhatIcmpReports) {
    Endpoint closed = at(GetParam(), *receiver);
    const auto gone = UdpLink::open({}).value()->port();
    closed.port = gone;
    for (int i = 0; i < 5; ++i) {
        sender->send(closed, pattern(10), 10, 0);
        EXPECT_TRUE(receive(*sender, 0).empty());
    }
    ASSERT_TRUE(send(pattern(10), 10));
    EXPECT_EQ(receive(*receiver, 1).size(), 1U);
}

TEST(UdpLink, AnswersFromTheAddressThatWasHit) {
    const auto one = UdpLink::open({}).value();
    const auto other = UdpLink::open({}).value();
    ASSERT_TRUE(one->send(at("127.0.0.5", *other), pattern(10), 10, 0));
    const auto question = receive(*other, 1);
    ASSERT_EQ(question.size(), 1U);
    EXPECT_EQ(question[0].from.local, IpAddress::parse("127.0.0.5"));
    ASSERT_TRUE(other->send(question[0].from, pattern(20), 20, 0));
    const auto answer = receive(*one, 1);
    ASSERT_EQ(answer.size(), 1U);
    EXPECT_EQ(answer[0].from.address, IpAddress::parse("127.0.0.5"));
}

TEST(UdpLink, CountsWhatTheKernelRefuses) {
    const auto link = UdpLink::open({}).value();
    Endpoint broadcast = at("255.255.255.255", *link);  // needs SO_BROADCAST
    EXPECT_FALSE(link->send(broadcast, pattern(3000), 1000, 0));
    EXPECT_EQ(link->udp_counters().refused, 3U);
    EXPECT_TRUE(link->segmentation_fault().empty());
}

TEST(UdpLink, HasTheSamePortInBothFamiliesAndCanChangeIt) {
    const auto link = UdpLink::open({}).value();
    const auto other = UdpLink::open({}).value();
    const std::uint16_t port = link->port();
    EXPECT_NE(port, 0);
    EXPECT_FALSE(link->listen(other->port()));
    EXPECT_EQ(link->port(), port);
    ASSERT_TRUE(other->send(at("127.0.0.1", *link), pattern(10), 10, 0));
    EXPECT_EQ(receive(*link, 1).size(), 1U);
    ASSERT_TRUE(link->listen(0));
    ASSERT_TRUE(other->send(at("127.0.0.1", *link), pattern(10), 10, 0));
    EXPECT_EQ(receive(*link, 1).size(), 1U);
    EXPECT_TRUE(UdpLink::open({.port = port}));
    EXPECT_EQ(UdpLink::open({.port = link->port()}).error().code.value(), EADDRINUSE);
}

TEST(UdpLink, CountsWhatItWasTooSlowToReceive) {
    const auto sender = UdpLink::open({}).value();
    const auto receiver = UdpLink::open({}).value();
    const int small = 1;
    for (const int descriptor : receiver->descriptors()) {
        ::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    }
    for (int i = 0; i < 50; ++i) {
        ASSERT_TRUE(sender->send(at("127.0.0.1", *receiver), pattern(1000), 1000, 0));
    }
    const std::size_t arrived = receive(*receiver, 50, std::chrono::milliseconds{50}).size();
    ASSERT_LT(arrived, 50U);
    // The kernel tells of losses with the next datagram that it takes.
    ASSERT_TRUE(sender->send(at("127.0.0.1", *receiver), pattern(1000), 1000, 0));
    ASSERT_EQ(receive(*receiver, 1).size(), 1U);
    EXPECT_EQ(receiver->udp_counters().overflowed, 50 - arrived);
}

TEST(GsoProbe, FindsNoFaultInThisKernel) {
    EXPECT_EQ(find_gso_fault(), std::nullopt);
}

}  // namespace
}  // namespace tollgate::agent

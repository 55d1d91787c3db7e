// SPDX-License-Identifier: MIT
#include "agent/tunnel/udp_group.hpp"

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <vector>

#include <poll.h>

#include <gtest/gtest.h>

#include <tollgate/abi/wireguard.h>

#include "agent/tunnel/owned_peers.hpp"
#include "agent/tunnel/udp_link.hpp"
#include "tests/support/host_packets.hpp"

namespace tollgate::agent {
namespace {

using test::Packet;

constexpr std::size_t kLinks = 3;

/// The links of one port, and another one that sends to them.
class UdpGroupTest : public testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        if (std::string_view{GetParam()} == "::1" && links.front()->descriptors().size() < 3) {
            GTEST_SKIP() << "a host without IPv6";
        }
    }

    /// Which link a message reaches; nothing: none.
    std::optional<std::size_t> reaches(const Packet& message) {
        Endpoint to;
        to.address = *IpAddress::parse(GetParam());
        to.port = links.front()->port();
        EXPECT_TRUE(sender->send(to, message, message.size(), 0));
        for (int patience = 0; patience < 200; ++patience) {
            for (std::size_t i = 0; i < links.size(); ++i) {
                if (arrives_at(*links[i])) {
                    return i;
                }
            }
        }
        return std::nullopt;
    }
    static bool arrives_at(UdpLink& link) {
        for (const int descriptor : link.descriptors()) {
            pollfd ready{.fd = descriptor, .events = POLLIN, .revents = 0};
            ::poll(&ready, 1, 1);
            if (!link.receive(descriptor).empty()) {
                return true;
            }
        }
        return false;
    }
    static Packet message(std::size_t size, std::uint8_t type, std::size_t at, std::uint8_t index) {
        Packet bytes(size);
        bytes[0] = std::byte{type};
        bytes[at] = std::byte{index};
        return bytes;
    }

    std::unique_ptr<UdpLink> sender = UdpLink::open({}).value();
    std::vector<std::unique_ptr<UdpLink>> links = UdpLink::open_group({}, kLinks).value();
};
INSTANTIATE_TEST_SUITE_P(Loopback, UdpGroupTest, testing::Values("127.0.0.1", "::1"));

TEST_P(UdpGroupTest, AMessageReachesTheLinkOfItsReceiverIndex) {
    constexpr std::array<std::uint8_t, 7> kIndices{0, 1, 2, 3, 127, 254, 255};
    for (const std::uint8_t index : kIndices) {
        const std::size_t worker = worker_of(0x12345600U | index, kLinks);
        EXPECT_EQ(reaches(message(32, TG_WG_DATA, 4, index)), worker) << int{index};
        EXPECT_EQ(reaches(message(64, TG_WG_COOKIE_REPLY, 4, index)), worker) << int{index};
        EXPECT_EQ(reaches(message(92, TG_WG_RESPONSE, 8, index)), worker) << int{index};
    }
}

TEST_P(UdpGroupTest, AnInitiationAndWhatIsNoMessageReachTheFirstLink) {
    EXPECT_EQ(reaches(message(148, TG_WG_INITIATION, 4, 1)), 0U);
    EXPECT_EQ(reaches(message(148, 0, 4, 1)), 0U);
    EXPECT_EQ(reaches(message(148, 5, 4, 1)), 0U);
    EXPECT_EQ(reaches(Packet{std::byte{TG_WG_DATA}}), 0U) << "too short for an index";
}

TEST_P(UdpGroupTest, AnotherPortIsListenedOnByAllLinks) {
    const std::uint16_t before = links.front()->port();
    ASSERT_TRUE(links.front()->listen(0));
    for (const auto& link : links) {
        EXPECT_EQ(link->port(), links.front()->port());
        EXPECT_NE(link->port(), before);
    }
    EXPECT_EQ(reaches(message(32, TG_WG_DATA, 4, 1)), 1U);
    EXPECT_EQ(reaches(message(32, TG_WG_DATA, 4, 2)), 2U);
}

TEST_P(UdpGroupTest, APortThatIsTakenChangesNoLink) {
    const std::uint16_t before = links.front()->port();
    const auto changed = links.front()->listen(sender->port());
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().code.value(), EADDRINUSE);
    for (const auto& link : links) {
        EXPECT_EQ(link->port(), before);
    }
    EXPECT_EQ(reaches(message(32, TG_WG_DATA, 4, 2)), 2U);
}

TEST_P(UdpGroupTest, NobodyElseOfOursJoinsAPort) {
    for (const std::size_t count : {std::size_t{1}, kLinks}) {
        const auto other = UdpLink::open_group({.port = links.front()->port()}, count);
        ASSERT_FALSE(other) << count;
        EXPECT_EQ(other.error().code.value(), EADDRINUSE) << count;
    }
    const auto group = UdpLink::open_group({.port = sender->port()}, kLinks);
    ASSERT_FALSE(group);
    EXPECT_EQ(group.error().code.value(), EADDRINUSE);
}

/// The port that the next datagram comes from; nothing: none comes.
std::optional<std::uint16_t> port_of_next(UdpLink& link) {
    for (int patience = 0; patience < 200; ++patience) {
        for (const int descriptor : link.descriptors()) {
            pollfd ready{.fd = descriptor, .events = POLLIN, .revents = 0};
            ::poll(&ready, 1, 1);
            if (const auto arrivals = link.receive(descriptor); !arrivals.empty()) {
                return arrivals.front().from.port;
            }
        }
    }
    return std::nullopt;
}

TEST_P(UdpGroupTest, EveryLinkSendsFromTheCommonPort) {
    Endpoint to;
    to.address = *IpAddress::parse(GetParam());
    to.port = sender->port();
    const Packet bytes(40);
    for (const auto& link : links) {
        ASSERT_TRUE(link->send(to, bytes, bytes.size(), 0));
        EXPECT_EQ(port_of_next(*sender), links.front()->port());
    }
}

}  // namespace
}  // namespace tollgate::agent

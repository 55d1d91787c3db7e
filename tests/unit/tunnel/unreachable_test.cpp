// SPDX-License-Identifier: MIT
#include "agent/tunnel/unreachable.hpp"

#include <chrono>

#include <gmock/gmock.h>

#include "agent/tunnel/checksum.hpp"
#include "agent/tunnel/virtio_header.hpp"
#include "tests/support/frame.hpp"
#include "tests/support/tunnel_lab.hpp"

namespace tollgate::test {
namespace {

using agent::Unreachable;
using namespace std::chrono_literals;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

/// What the host is told of a packet; empty: nothing.
Datagram answer(Unreachable& unreachable, const Datagram& packet, crypto::Instant now = 0ns) {
    Datagram bytes(sizeof(agent::VirtioHeader));
    bytes.insert(bytes.end(), packet.begin(), packet.end());
    const auto read = agent::HostPacket::read(bytes);
    EXPECT_TRUE(read);
    const auto message = unreachable.answer(*read, now);
    return {message.begin(), message.end()};
}

Datagram answer(const Datagram& packet) {
    Unreachable unreachable;
    return answer(unreachable, packet);
}

Datagram udp_packet(const std::string& from, const std::string& to, std::size_t payload = 100) {
    return ip_packet({ip(from), ip(to), IPPROTO_UDP},
                     udp({4000, 7000}, Datagram(payload, std::byte{0x5a})));
}

bool is_intact(crypto::Bytes bytes) {
    return agent::InternetSum{}.add(bytes).checksum() == 0;
}

TEST(Unreachable, TellsTheSenderOverIpv4WithItsPacket) {
    const Datagram packet = udp_packet("10.0.0.1", "10.0.0.2");
    const Datagram message = answer(packet);
    ASSERT_THAT(message, SizeIs(28 + packet.size()));
    EXPECT_EQ(Datagram(&message[12], &message[16]), Datagram(&packet[16], &packet[20]));
    EXPECT_EQ(Datagram(&message[16], &message[20]), Datagram(&packet[12], &packet[16]));
    EXPECT_EQ(message[9], std::byte{IPPROTO_ICMP});
    EXPECT_EQ(message[20], std::byte{3});  // destination unreachable
    EXPECT_EQ(message[21], std::byte{1});  // host
    EXPECT_TRUE(is_intact({message.data(), 20}));
    EXPECT_TRUE(is_intact(crypto::Bytes{message}.subspan(20)));
    EXPECT_EQ(Datagram(message.begin() + 28, message.end()), packet);
}

TEST(Unreachable, TellsTheSenderOverIpv6WithItsPacket) {
    const Datagram packet = udp_packet("fd00::1", "fd00::2");
    const Datagram message = answer(packet);
    ASSERT_THAT(message, SizeIs(48 + packet.size()));
    EXPECT_EQ(Datagram(&message[8], &message[24]), Datagram(&packet[24], &packet[40]));
    EXPECT_EQ(Datagram(&message[24], &message[40]), Datagram(&packet[8], &packet[24]));
    EXPECT_EQ(message[40], std::byte{1});  // destination unreachable
    EXPECT_EQ(message[41], std::byte{3});  // address
    agent::InternetSum sum;
    sum.add(crypto::Bytes{message}.subspan(8, 32)).add_field(IPPROTO_ICMPV6);
    sum.add_field(message.size() - 40).add(crypto::Bytes{message}.subspan(40));
    EXPECT_EQ(sum.checksum(), 0);
    EXPECT_EQ(Datagram(message.begin() + 48, message.end()), packet);
}

TEST(Unreachable, QuotesNoMoreThanEveryHostMustTake) {
    EXPECT_THAT(answer(udp_packet("10.0.0.1", "10.0.0.2", 1300)), SizeIs(576));
    EXPECT_THAT(answer(udp_packet("fd00::1", "fd00::2", 1300)), SizeIs(1280));
}

TEST(Unreachable, KeepsQuietToWhatMustNotBeAnswered) {
    EXPECT_THAT(answer(udp_packet("0.0.0.0", "10.0.0.2")), IsEmpty());
    EXPECT_THAT(answer(udp_packet("224.0.0.1", "10.0.0.2")), IsEmpty());
    EXPECT_THAT(answer(udp_packet("10.0.0.1", "224.0.0.1")), IsEmpty());
    EXPECT_THAT(answer(udp_packet("10.0.0.1", "255.255.255.255")), IsEmpty());
    EXPECT_THAT(answer(udp_packet("::", "fd00::2")), IsEmpty());
    EXPECT_THAT(answer(udp_packet("fd00::1", "ff02::1")), IsEmpty());
    Datagram fragment = udp_packet("10.0.0.1", "10.0.0.2");
    put8(fragment, 7, 1);
    EXPECT_THAT(answer(fragment), IsEmpty());
}

TEST(Unreachable, DoesNotAnswerAnErrorByAnError) {
    const auto icmp = [](const std::string& from, const std::string& to, unsigned type) {
        const auto address = ip(from);
        const auto protocol =
            address.is_ipv4() ? std::uint8_t{IPPROTO_ICMP} : std::uint8_t{IPPROTO_ICMPV6};
        Datagram message(40);
        put8(message, 0, type);
        return ip_packet({address, ip(to), protocol}, message);
    };
    for (const unsigned error : {3U, 4U, 5U, 11U, 12U}) {
        EXPECT_THAT(answer(icmp("10.0.0.1", "10.0.0.2", error)), IsEmpty()) << error;
    }
    EXPECT_THAT(answer(icmp("10.0.0.1", "10.0.0.2", 8)), Not(IsEmpty()));
    EXPECT_THAT(answer(icmp("10.0.0.1", "10.0.0.2", 0)), Not(IsEmpty()));
    EXPECT_THAT(answer(icmp("fd00::1", "fd00::2", 127)), IsEmpty());
    EXPECT_THAT(answer(icmp("fd00::1", "fd00::2", 128)), Not(IsEmpty()));
}

TEST(Unreachable, TellsOnlySoManyASecond) {
    Unreachable unreachable;
    const Datagram packet = udp_packet("10.0.0.1", "10.0.0.2");
    std::size_t told = 0;
    for (int i = 0; i < 1000; ++i) {
        told += answer(unreachable, packet, 1s).empty() ? 0U : 1U;
    }
    EXPECT_EQ(told, Unreachable::kBurst);
    EXPECT_THAT(answer(unreachable, packet, 1s + Unreachable::kInterval - 1ns), IsEmpty());
    EXPECT_THAT(answer(unreachable, packet, 1s + Unreachable::kInterval), Not(IsEmpty()));
    EXPECT_THAT(answer(unreachable, packet, 1s + Unreachable::kInterval), IsEmpty());
}

TEST(Unreachable, IsToldOfADestinationWithoutPeerAndOfAPeerWithoutEndpoint) {
    TunnelLab lab;
    lab.left.send("10.0.0.3");
    ASSERT_THAT(lab.left.port->received, SizeIs(1));
    EXPECT_EQ(lab.left.port->received[0], answer(inner_packet("10.0.0.1", "10.0.0.3", 100)));
    lab.right.send("10.0.0.1");
    EXPECT_THAT(lab.right.port->received, SizeIs(1));
}

TEST(Unreachable, IsNotToldWhileAHandshakeIsUnderWay) {
    TunnelLab lab;
    lab.left.send("10.0.0.2");
    EXPECT_THAT(lab.left.port->received, IsEmpty());
}

}  // namespace
}  // namespace tollgate::test

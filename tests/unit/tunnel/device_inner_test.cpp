// SPDX-License-Identifier: MIT
// What a peer, with the right keys, may put into a data message, and what becomes of the fields
// that are copied out of it.
#include <cstring>

#include <endian.h>

#include <gmock/gmock.h>

#include <tollgate/abi/wireguard.h>

#include "agent/tunnel/device.hpp"
#include "agent/tunnel/ecn.hpp"
#include "crypto/aead.hpp"
#include "tests/support/frame.hpp"
#include "tests/support/tunnel_lab.hpp"

namespace tollgate::test {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr unsigned kCongestion = 3;  // CE of RFC 3168

/// Two hosts after a handshake. `left` seals whatever a test wants.
struct InnerLab : TunnelLab {
    InnerLab() {
        left.send("10.0.0.2");
        settle();
        right.port->received.clear();
    }
    /// What the host behind `right` gets when this was sealed.
    std::deque<Datagram> delivered(const Datagram& plain, std::uint8_t ecn = 0) {
        right.port->received.clear();
        right.receive(sealed(plain), left.endpoint, ecn);
        return right.port->received;
    }

  private:
    Datagram sealed(const Datagram& plain) {
        crypto::Keypair& keypair = *left.device->peers().find(right.public_key)->keypairs.current();
        const std::uint64_t counter = keypair.take_counters(1, left.now().boot).value();
        const tg_wg_data header{
            htole32(TG_WG_DATA), htole32(keypair.secrets.remote_index), htole64(counter)};
        Datagram message(sizeof header + plain.size() + crypto::kTagSize);
        std::memcpy(message.data(), &header, sizeof header);
        std::copy(plain.begin(), plain.end(), message.begin() + sizeof header);
        crypto::AeadMessage body{message.data() + sizeof header,
                                 static_cast<std::uint32_t>(plain.size()),
                                 false,
                                 counter};
        crypto::make_sodium_aead()->seal(keypair.secrets.sending, {&body, 1});
        return message;
    }
};

Datagram padded(Datagram packet, std::size_t bytes) {
    packet.resize(packet.size() + bytes, std::byte{0xee});
    return packet;
}

// Case W23
TEST(DeviceInner, PaddingIsTakenOff) {
    InnerLab lab;
    const Datagram packet = inner_packet("10.0.0.1", "10.0.0.2", 33);
    for (const std::size_t padding : {0U, 1U, 15U, 16U, 200U}) {
        EXPECT_THAT(lab.delivered(padded(packet, padding)), ::testing::ElementsAre(packet));
    }
}

// Case W23
TEST(DeviceInner, AKeepaliveIsNotDelivered) {
    InnerLab lab;
    EXPECT_THAT(lab.delivered({}), IsEmpty());
    EXPECT_EQ(lab.right.device->ingress().not_ip, 0U);
}

// Case W23
TEST(DeviceInner, ALengthThatLiesIsNoPacket) {
    InnerLab lab;
    const Datagram packet = inner_packet("10.0.0.1", "10.0.0.2", 33);
    for (const std::size_t length :
         {std::size_t{0}, std::size_t{19}, packet.size() + 1, std::size_t{65535}}) {
        Datagram changed = packet;
        put16(changed, 2, static_cast<unsigned>(length));
        EXPECT_THAT(lab.delivered(changed), IsEmpty()) << length;
    }
    Datagram six = ip_packet({ip("fd00::1"), ip("fd00::2"), IPPROTO_UDP}, udp({1, 2}, Datagram(8)));
    put16(six, 4, 17);  // it has 16
    EXPECT_THAT(lab.delivered(six), IsEmpty());
    EXPECT_EQ(lab.right.device->ingress().not_ip, 5U);
    EXPECT_THAT(lab.delivered(packet), SizeIs(1));
}

// Case W23
TEST(DeviceInner, OtherVersionsAndStumpsAreNoPackets) {
    InnerLab lab;
    const Datagram packet = inner_packet("10.0.0.1", "10.0.0.2", 33);
    for (unsigned version = 0; version < 16; ++version) {
        Datagram changed = packet;
        put8(changed, 0, version << 4U | 5U);
        EXPECT_THAT(lab.delivered(changed), SizeIs(version == 4 ? 1 : 0)) << version;
    }
    for (std::size_t size = 1; size < packet.size(); ++size) {
        EXPECT_THAT(lab.delivered(Datagram(packet.begin(),
                                           packet.begin() + static_cast<std::ptrdiff_t>(size))),
                    IsEmpty());
    }
}

// Case W34
TEST(DeviceInner, TheOutsideShowsEcnAndNoDscp) {
    InnerLab lab;
    for (unsigned inner = 0; inner < 256; ++inner) {
        lab.left.link->sent.clear();
        lab.left.port->to_send.push_back(
            inner_packet("10.0.0.1", "10.0.0.2", 10, static_cast<std::uint8_t>(inner)));
        lab.left.device->worker().port_is_readable(lab.left.now());
        ASSERT_THAT(lab.left.link->sent, SizeIs(1));
        const unsigned ecn = inner & 3U;
        EXPECT_EQ(lab.left.link->sent.front().traffic_class, ecn == kCongestion ? 2U : ecn)
            << inner;
    }
}

// Case W34
TEST(DeviceInner, CongestionOutsideIsToldInsideToWhoTakesPart) {
    InnerLab lab;
    for (std::uint8_t inner = 0; inner < 4; ++inner) {
        for (std::uint8_t outer = 0; outer < 4; ++outer) {
            const bool is_marked = outer == kCongestion && inner != 0;
            const auto expected = static_cast<std::uint8_t>(is_marked ? kCongestion : inner);
            EXPECT_THAT(
                lab.delivered(inner_packet("10.0.0.1", "10.0.0.2", 10, 0x48U | inner), outer),
                ::testing::ElementsAre(inner_packet("10.0.0.1", "10.0.0.2", 10, 0x48U | expected)))
                << unsigned{inner} << " in " << unsigned{outer};
        }
    }
}

// Case W34
TEST(DeviceInner, TheTrafficClassOfIpv6LiesAcrossTwoBytes) {
    for (unsigned inner = 0; inner < 4; ++inner) {
        Datagram packet = ip_packet({ip("fd00::1"), ip("fd00::2"), IPPROTO_UDP}, udp({1, 2}));
        put8(packet, 0, 0x6a);
        put8(packet, 1, 0x80U | inner << 4U | 5U);
        agent::pass_on_congestion(kCongestion, packet);
        EXPECT_EQ(packet[0], std::byte{0x6a});
        EXPECT_EQ(
            packet[1],
            std::byte{static_cast<unsigned char>(0x85U | (inner == 0 ? 0U : kCongestion << 4U))});
    }
}

}  // namespace
}  // namespace tollgate::test

// SPDX-License-Identifier: MIT
// What tunnels carry: docs/packet-path.md, section 10.
#include <thread>

#include "agent/datapath/map_keys.hpp"
#include "tests/bpf/gate_fixture.hpp"

namespace tollgate::test {
namespace {

constexpr int kClass = 1;
constexpr std::uint32_t kPeerClass = 7;

class Inside : public GateTest {
  protected:
    void SetUp() override {
        GateTest::SetUp();
        if (IsSkipped() || HasFatalFailure()) {
            return;
        }
        ASSERT_EQ(programs.load({.link = TG_LINK_TUNNEL}), 0);
        set_rule(1);
    }
    static Bytes bare(const Bytes& frame) { return {frame.begin() + ETH_HLEN, frame.end()}; }
    Outcome in(const Bytes& frame) { return judge_at_tc_ingress(bare(frame)); }
    Outcome in() { return in(talk.udp(kIn)); }
    Outcome out() { return judge(bare(talk.udp(kOut)), kOut); }

    /// Rule 1 lets the peer `nvr` in.
    void let_peer_in() {
        open_port(kIn, service(IPPROTO_UDP, 5683), kClass, 0, TG_BY_PEER);
        set_verdict(kPeerClass, kClass, 1);
        programs.put_inner(
            programs.object().maps.peers, 0, agent::map_key(std::string_view{"nvr"}), kPeerClass);
    }
    void own(const Prefix& prefix,
             std::string_view peer,
             std::uint8_t zone = LoadedPrograms::kZone) {
        programs.put(
            programs.object().maps.peer_addresses, key_of(prefix, zone), agent::map_key(peer));
        revoke_verdicts();
    }
    void disown(const Prefix& prefix) {
        const tg_peer_prefix_key key = key_of(prefix, LoadedPrograms::kZone);
        const int map = bpf_map__fd(programs.object().maps.peer_addresses);
        EXPECT_EQ(bpf_map_delete_elem(map, &key), 0);
        revoke_verdicts();
    }
    static tg_peer_prefix_key key_of(const Prefix& prefix, std::uint8_t zone) {
        tg_peer_prefix_key key{};
        key.length = TG_PEER_ZONE_BITS + prefix.length;
        key.zone = zone;
        std::copy(prefix.address.bytes.begin(), prefix.address.bytes.end(), key.address);
        return key;
    }
    void revoke_verdicts() {
        programs.put(programs.object().maps.peers_changed,
                     std::uint32_t{LoadedPrograms::kZone},
                     boot_time_ns());
        std::this_thread::sleep_for(std::chrono::milliseconds{12});  // the gate's clock has ticks
    }

    Talk talk{.remote_port = 5000, .local_port = 5683};
    const Prefix own_address{talk.remote, 128};
};

TEST_F(Inside, APacketIsWhatItsVersionSays) {
    open_port(kIn, service(IPPROTO_UDP, 5683), kClass, 1);
    EXPECT_EQ(in(), kPassed);
    Bytes packet = bare(talk.udp(kIn));
    packet[0] = std::byte{0x75};
    EXPECT_EQ(judge_at_tc_ingress(packet), dropped(DropReason::ethertype));
    packet[0] = std::byte{0x65};
    EXPECT_EQ(judge_at_tc_ingress(packet), dropped(DropReason::truncated));
}

TEST_F(Inside, EveryTruncationOfAnAllowedPacketIsDropped) {
    open_port(kIn, service(IPPROTO_UDP, 5683), kClass, 1);
    const Bytes packet = bare(talk.udp(kIn));
    for (std::size_t size = ETH_HLEN; size < packet.size(); ++size) {
        EXPECT_FALSE(
            judge_at_tc_ingress({packet.begin(), packet.begin() + std::ptrdiff_t(size)}).passed)
            << size;
    }
}

TEST_F(Inside, ATunnelHasNoBaseline) {
    talk.remote_port = 67;  // an answer of DHCP
    talk.local_port = 68;
    EXPECT_EQ(in(), dropped(DropReason::policy_default));
}

TEST_F(Inside, APeersRuleMatchesItsAddressesOnly) {
    let_peer_in();
    EXPECT_EQ(in(), dropped(DropReason::policy_default)) << "nobody has the address";
    own(own_address, "nvr");
    EXPECT_EQ(in(), kPassed);
    talk.remote = ip("192.0.2.99");
    EXPECT_EQ(in(), dropped(DropReason::policy_default));
}

TEST_F(Inside, ANameThatOnlyBeginsLikeThePeersIsAnother) {
    let_peer_in();
    own(own_address, "nvr-2");
    EXPECT_EQ(in(), dropped(DropReason::policy_default));
    own(own_address, "");
    EXPECT_EQ(in(), dropped(DropReason::policy_default));
}

TEST_F(Inside, TheAddressesOfAnotherTunnelAreNotThisOnes) {
    let_peer_in();
    own(own_address, "nvr", LoadedPrograms::kZone + 1);
    EXPECT_EQ(in(), dropped(DropReason::policy_default));
}

TEST_F(Inside, ALongerPrefixOfAnotherPeerIsNotThePeers) {
    let_peer_in();
    own(*Prefix::parse("0.0.0.0/0"), "nvr");
    EXPECT_EQ(in(), kPassed);
    own(own_address, "desk");
    EXPECT_EQ(in(), dropped(DropReason::policy_default));
    disown(own_address);
    EXPECT_EQ(in(), kPassed);
}

TEST_F(Inside, ALiveFlowEndsWithItsPeerAndLivesOnWhenItIsBack) {
    let_peer_in();
    own(own_address, "nvr");
    EXPECT_EQ(in(), kPassed);
    EXPECT_EQ(out(), kPassed);
    EXPECT_EQ(in(), kPassed);
    disown(own_address);
    EXPECT_EQ(in(), dropped(DropReason::policy_default));
    EXPECT_EQ(out(), dropped(DropReason::policy_default));
    own(own_address, "nvr");
    EXPECT_EQ(out(), kPassed);
}

TEST_F(Inside, AChangeOfOtherAddressesLeavesFlowsAlone) {
    let_peer_in();
    own(own_address, "nvr");
    EXPECT_EQ(in(), kPassed);
    EXPECT_EQ(out(), kPassed);
    own(*Prefix::parse("198.51.100.0/24"), "desk");
    EXPECT_EQ(out(), kPassed);
    EXPECT_EQ(in(), kPassed);
}

}  // namespace
}  // namespace tollgate::test

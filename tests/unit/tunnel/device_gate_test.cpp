// SPDX-License-Identifier: MIT
// What a device tells the gate: what it has to let through, and no more.
#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <endian.h>

#include <gmock/gmock.h>

#include "agent/tunnel/device.hpp"
#include "crypto/keypair.hpp"
#include "tests/support/tunnel_lab.hpp"

namespace tollgate::test {
namespace {

using namespace std::chrono_literals;
using agent::GateReceiver;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct GateState {
    std::uint16_t port = 0;
    crypto::PublicKey key;
    std::map<std::uint32_t, tg_receiver> receivers;
    bool under_load = false;
    bool takes_cookies = false;
    crypto::Hash stealth_key{};  ///< of this moment; zeros: none is asked for
    int demands = 0;
    std::multiset<std::string> sources;  ///< where peers are
    std::map<Prefix, std::string> owners;
    std::vector<std::string> told;  ///< of addresses, in order
    bool is_full = false;
};

class RecordingGate : public agent::TunnelGate {
  public:
    explicit RecordingGate(GateState& to) : to_{to} {}

    Result<void> listen(std::uint16_t port, const crypto::PublicKey& key) override {
        to_.port = port;
        to_.key = key;
        return {};
    }
    void close() override { to_.port = 0; }
    GateReceiver add(std::uint32_t index) override { return GateReceiver{&to_.receivers[index]}; }
    void remove(std::uint32_t index, GateReceiver receiver) override {
        EXPECT_EQ(receiver.slot(), &to_.receivers.at(index));
        to_.receivers.erase(index);
    }
    void demand(const agent::InitiationDemands& demands) override {
        to_.under_load = demands.cookie;
        to_.takes_cookies = demands.cookies.has_value();
        to_.stealth_key = {};
        if (demands.stealth != nullptr) {
            std::ranges::copy(demands.stealth->front().bytes(), to_.stealth_key.begin());
        }
        ++to_.demands;
    }
    void know_source(const IpAddress& network) override { to_.sources.insert(network.to_string()); }
    void forget_source(const IpAddress& network) override {
        EXPECT_EQ(to_.sources.erase(network.to_string()), 1U);
    }
    [[nodiscard]] std::uint64_t refused_indices() const override { return 3; }
    Result<void> own(const Prefix& prefix, std::string_view peer) override {
        if (to_.is_full) {
            return failure(ENOSPC, "own");
        }
        to_.told.push_back(prefix.to_string() + " " + std::string{peer});
        to_.owners[prefix] = peer;
        return {};
    }
    void disown(const Prefix& prefix) override {
        to_.told.push_back(prefix.to_string() + " -");
        to_.owners.erase(prefix);
    }

  private:
    GateState& to_;
};

/// Two hosts whose gates are recorded.
struct GateLab {
    GateLab()
        : lab{[this](agent::Device::Parts& parts) {
              parts.gate = std::make_unique<RecordingGate>(made++ == 0 ? left : right);
          }} {}

    void connect() {
        lab.left.send("10.0.0.2");
        lab.settle();
    }
    static const tg_receiver& only(const GateState& state) {
        EXPECT_EQ(state.receivers.size(), 1U);
        return state.receivers.begin()->second;
    }
    [[nodiscard]] std::uint64_t after(std::chrono::nanoseconds time) const {
        return static_cast<std::uint64_t>((*lab.clock + time).count());
    }

    GateState left;
    GateState right;
    int made = 0;
    TunnelLab lab;
};

TEST(DeviceGate, GuardsThePortForTheKey) {
    GateLab gates;
    EXPECT_EQ(gates.left.port, 51820);
    EXPECT_EQ(gates.left.key, gates.lab.left.public_key);
    agent::DeviceChange change;
    change.private_key = crypto::PrivateKey{};
    gates.lab.left.apply(std::move(change));
    EXPECT_EQ(gates.left.port, 0) << "without a key there is nobody to talk to";
}

TEST(DeviceGate, AnInitiationLetsItsAnswerInForSixSeconds) {
    GateLab gates;
    gates.lab.left.send("10.0.0.2");
    const tg_receiver& receiver = GateLab::only(gates.left);
    EXPECT_EQ(receiver.accepts, GateReceiver::kResponse | GateReceiver::kCookieReply);
    EXPECT_EQ(receiver.expires_ns, gates.after(6s));
    EXPECT_EQ(be16toh(receiver.port), gates.lab.right.endpoint.port);
    EXPECT_EQ(std::memcmp(receiver.address, gates.lab.right.endpoint.address.bytes.data(), 16), 0);
}

TEST(DeviceGate, AKeypairLetsDataInUntilRejectAfterTime) {
    GateLab gates;
    gates.connect();
    for (const GateState* state : {&gates.left, &gates.right}) {
        EXPECT_EQ(GateLab::only(*state).accepts, GateReceiver::kData);
        EXPECT_EQ(GateLab::only(*state).expires_ns, gates.after(crypto::kRejectAfterTime));
    }
}

TEST(DeviceGate, TheResponderMayGetACookieInsteadOfData) {
    GateLab gates;
    gates.lab.left.send("10.0.0.2");
    const Datagram initiation = gates.lab.left.link->sent.back().bytes;
    gates.lab.right.receive(initiation, gates.lab.left.endpoint);
    EXPECT_EQ(GateLab::only(gates.right).accepts, GateReceiver::kData | GateReceiver::kCookieReply);
}

TEST(DeviceGate, FollowsTheGreatestCounter) {
    GateLab gates;
    gates.connect();
    const std::uint64_t before = GateLab::only(gates.right).greatest_counter;
    gates.connect();
    gates.connect();
    EXPECT_EQ(GateLab::only(gates.right).greatest_counter, before + 2);
}

TEST(DeviceGate, FollowsAPeerThatMoves) {
    GateLab gates;
    gates.connect();
    gates.lab.left.send("10.0.0.2");
    const Datagram data = gates.lab.left.link->sent.back().bytes;
    agent::Endpoint moved = gates.lab.left.endpoint;
    moved.port = 40'000;
    gates.lab.right.receive(data, moved);
    EXPECT_EQ(be16toh(GateLab::only(gates.right).port), 40'000);
}

TEST(DeviceGate, ForgetsAllIndicesOfAPeerThatIsRemoved) {
    GateLab gates;
    gates.connect();
    agent::DeviceChange change;
    change.replace_peers = true;
    gates.lab.left.apply(std::move(change));
    EXPECT_THAT(gates.left.receivers, IsEmpty());
    EXPECT_THAT(gates.right.receivers, SizeIs(1));
}

// Case F25
TEST(DeviceGate, HasNoMoreIndicesThanKeypairsAndHandshakes) {
    GateLab gates;
    for (int i = 0; i < 10; ++i) {
        gates.connect();
        gates.lab.pass(121s);
    }
    EXPECT_LE(gates.left.receivers.size(), 4U);
    EXPECT_LE(gates.right.receivers.size(), 4U);
    gates.lab.pass(600s);
    gates.lab.settle();
    EXPECT_THAT(gates.right.receivers, IsEmpty()) << "keys are wiped";
}

TEST(DeviceGate, IsToldWherePeersAre) {
    GateLab gates;
    EXPECT_THAT(gates.left.sources, ElementsAre("192.0.2.2")) << "as configured";
    EXPECT_THAT(gates.right.sources, IsEmpty());
    gates.connect();
    EXPECT_THAT(gates.right.sources, ElementsAre("192.0.2.1")) << "as its handshake has shown";
    gates.lab.left.endpoint = elsewhere();
    gates.connect();
    EXPECT_THAT(gates.right.sources,
                ElementsAre(agent::initiator_network(elsewhere().address).to_string()));
    gates.lab.right.device.reset();
    EXPECT_THAT(gates.right.sources, IsEmpty());
}

TEST(DeviceGate, IsToldOfLoadAndOfItsEnd) {
    GateLab gates;
    gates.lab.left.send("10.0.0.2");
    const Datagram initiation = gates.lab.left.link->sent.back().bytes;
    for (int i = 0; i < 200; ++i) {
        gates.lab.right.link->deliver(initiation, gates.lab.left.endpoint);
        gates.lab.right.device->worker().link_is_readable(0, gates.lab.right.now());
    }
    static_cast<void>(gates.lab.right.device->worker().work(gates.lab.right.now()));
    EXPECT_TRUE(gates.right.under_load);
    EXPECT_TRUE(gates.right.takes_cookies);
    EXPECT_EQ(gates.right.demands, 1);
    gates.lab.right.work();
    gates.lab.pass(2s);
    EXPECT_FALSE(gates.right.under_load);
    EXPECT_FALSE(gates.right.takes_cookies);
}

TEST(DeviceGate, IsToldTheKeysOfTheSiteInTime) {
    GateLab gates;
    const agent::Stealth site{agent::StealthMode::strict, crypto::generate_preshared_key()};
    crypto::StealthKey expected{site.site.clone()};
    const auto key_now = [&] {
        crypto::Hash key;
        std::ranges::copy(expected.slots(gates.lab.left.now().wall).front().bytes(), key.begin());
        return key;
    };
    agent::DeviceChange change;
    change.stealth = site.clone();
    gates.lab.left.apply(std::move(change));
    EXPECT_EQ(gates.left.stealth_key, key_now()) << "at once";
    EXPECT_FALSE(gates.left.takes_cookies);
    const crypto::Hash before = key_now();
    const agent::Now now = gates.lab.left.now();
    const crypto::Instant next = gates.lab.left.device->worker().work(now);
    EXPECT_EQ(gates.left.demands, 1) << "not twice";
    ASSERT_EQ(next - now.boot, crypto::StealthKey::slot_ends(now.wall) - now.wall);
    *gates.lab.clock = next;
    gates.lab.left.work();
    EXPECT_EQ(gates.left.stealth_key, key_now());
    EXPECT_NE(gates.left.stealth_key, before);
    agent::DeviceChange off;
    off.stealth = agent::Stealth{};
    gates.lab.left.apply(std::move(off));
    EXPECT_EQ(gates.left.stealth_key, crypto::Hash{});
}

TEST(DeviceGate, IsAskedForNoStealthMacWhereWeOnlySendIt) {
    GateLab gates;
    agent::DeviceChange change;
    change.stealth = agent::Stealth{agent::StealthMode::send, crypto::generate_preshared_key()};
    gates.lab.left.apply(std::move(change));
    EXPECT_EQ(gates.left.stealth_key, crypto::Hash{});
}

// Until the last cookie that we have sent has grown too old.
TEST(DeviceGate, OfASiteTakesCookiesForFourMinutes) {
    GateLab gates;
    const crypto::SymmetricKey secret = crypto::generate_preshared_key();
    for (TunnelHost* host : {&gates.lab.left, &gates.lab.right}) {
        agent::DeviceChange change;
        change.stealth = agent::Stealth{agent::StealthMode::strict, secret.clone()};
        host->apply(std::move(change));
    }
    gates.lab.left.send("10.0.0.2");
    const Datagram initiation = gates.lab.left.link->sent.back().bytes;
    for (int i = 0; i < 200; ++i) {
        gates.lab.right.link->deliver(initiation, gates.lab.left.endpoint);
        gates.lab.right.device->worker().link_is_readable(0, gates.lab.right.now());
    }
    gates.lab.right.work();
    gates.lab.right.link->sent.clear();
    gates.lab.left.link->sent.clear();
    *gates.lab.clock += 239s;
    gates.lab.right.work();
    EXPECT_FALSE(gates.right.under_load);
    EXPECT_TRUE(gates.right.takes_cookies);
    *gates.lab.clock += 2s;
    gates.lab.right.work();
    EXPECT_FALSE(gates.right.takes_cookies);
}

TEST(DeviceGate, CountsTheIndicesThatItHasNoRoomFor) {
    GateLab gates;
    EXPECT_EQ(gates.lab.left.device->counters(gates.lab.left.now()).refused_indices, 3U);
}

/// The host on the left with two peers whose names the policy knows.
struct NamedPeers : GateLab {
    NamedPeers() {
        lab.left.device->set_peer_names({{nvr, "nvr"}, {desk, "desk"}});
        allow(nvr, "10.9.0.2");
        allow(desk, "10.9.0.3");
        left.told.clear();
    }
    int change(const crypto::PublicKey& peer,
               const std::string& prefix,
               const std::function<void(agent::PeerChange&)>& more = {}) {
        agent::DeviceChange whole;
        agent::PeerChange& one = whole.peers.emplace_back();
        one.public_key = peer;
        if (!prefix.empty()) {
            one.allowed_ips.push_back({*Prefix::parse(prefix)});
        }
        if (more) {
            more(one);
        }
        return lab.left.device->apply(whole, {});
    }
    void allow(const crypto::PublicKey& peer, const std::string& prefix) {
        EXPECT_EQ(change(peer, prefix), 0);
    }
    [[nodiscard]] std::string owner(const std::string& prefix) const {
        const auto found = left.owners.find(*Prefix::parse(prefix));
        return found == left.owners.end() ? "-" : found->second;
    }

    crypto::PublicKey nvr =
        *crypto::PublicKey::parse_base64("3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=");
    crypto::PublicKey desk =
        *crypto::PublicKey::parse_base64("hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=");
    crypto::PublicKey stranger =
        *crypto::PublicKey::parse_base64("xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=");
};

TEST(DeviceGate, AddressesAreNobodysWhileTheyGoFromOnePeerToAnother) {
    NamedPeers peers;
    peers.allow(peers.desk, "10.9.0.2");
    EXPECT_THAT(peers.left.told, testing::ElementsAre("10.9.0.2 ", "10.9.0.2 desk"));
}

TEST(DeviceGate, ThePeerOfAddressesIsForgottenBeforeTheyAreItsNoLonger) {
    NamedPeers peers;
    peers.change(peers.nvr, "10.9.0.2", [](auto& peer) { peer.allowed_ips.front().remove = true; });
    EXPECT_THAT(peers.left.told, testing::ElementsAre("10.9.0.2 ", "10.9.0.2 -"));
    peers.left.told.clear();
    peers.change(peers.desk, "", [](auto& peer) { peer.remove = true; });
    EXPECT_THAT(peers.left.told, testing::ElementsAre("10.9.0.3 ", "10.9.0.3 -"));
}

TEST(DeviceGate, ReplacedAllowedIpsOfAPeerLeaveNoneOfTheOldOnes) {
    NamedPeers peers;
    peers.change(peers.nvr, "10.9.0.9", [](auto& peer) { peer.replace_allowed_ips = true; });
    EXPECT_EQ(peers.owner("10.9.0.2"), "-");
    EXPECT_EQ(peers.owner("10.9.0.9"), "nvr");
    EXPECT_EQ(peers.owner("10.9.0.3"), "desk");
}

TEST(DeviceGate, APeerOfWhichNoNameIsKnownOwnsItsAddressesWithoutOne) {
    NamedPeers peers;
    peers.allow(peers.stranger, "10.9.0.0/24");
    EXPECT_EQ(peers.owner("10.9.0.0/24"), "");
}

TEST(DeviceGate, NamesFollowTheKeysAndOnlyThoseThatChange) {
    NamedPeers peers;
    peers.lab.left.device->set_peer_names({{peers.nvr, "recorder"}, {peers.desk, "desk"}});
    EXPECT_THAT(peers.left.told, testing::ElementsAre("10.9.0.2 recorder"));
    peers.lab.left.device->set_peer_names({{peers.desk, "desk"}});
    EXPECT_EQ(peers.owner("10.9.0.2"), "");
}

TEST(DeviceGate, APeerThatIsAddedAgainHasItsName) {
    NamedPeers peers;
    peers.change(peers.nvr, "", [](auto& peer) { peer.remove = true; });
    peers.allow(peers.nvr, "10.9.0.2");
    EXPECT_EQ(peers.owner("10.9.0.2"), "nvr");
}

TEST(DeviceGate, AddressesThatTheGateCannotKnowAreRefused) {
    NamedPeers peers;
    peers.left.is_full = true;
    EXPECT_EQ(peers.change(peers.nvr, "10.9.0.7"), ENOSPC);
    EXPECT_EQ(peers.lab.left.device->peers().route(*IpAddress::parse("10.9.0.7")), nullptr);
}

}  // namespace
}  // namespace tollgate::test

// SPDX-License-Identifier: MIT
#include "agent/tunnel/tunnels.hpp"

#include <cerrno>
#include <fstream>
#include <memory>
#include <optional>
#include <utility>

#include <sys/stat.h>

#include <gmock/gmock.h>

#include "tests/support/netns.hpp"
#include "tests/support/temporary_folder.hpp"

namespace tollgate::test {
namespace {

using agent::PeerSettings;
using agent::Tunnels;
using agent::TunnelSettings;
using agent::TunnelState;
using agent::TunnelStatus;
using ::testing::HasSubstr;

/// Leaves the queues to the kernel's own choice.
class NoSteering : public agent::QueueSteering {
  public:
    [[nodiscard]] int program() const override { return -1; }
    [[nodiscard]] Result<void> put(const Prefix& /*prefix*/, std::uint32_t /*queue*/) override {
        return {};
    }
    void remove(const Prefix& /*prefix*/) override {}
};

/// A host with 192.0.2.1/24 on eth0, and settings of a tunnel wg0 with one peer there.
class TunnelsTest : public RootTest {
  protected:
    void SetUp() override {
        RootTest::SetUp();
        if (IsSkipped() || HasFatalFailure()) {
            return;
        }
        host.emplace("host");
        add_lonely_eth0(*host);
        inside.emplace(*host);
        settings.name = "wg0";
        settings.private_key_file = write_key("wg0.key");
        settings.listen_port = 51820;
        settings.addresses = {{*IpAddress::parse("10.9.0.1"), *Prefix::parse("10.9.0.0/24")}};
        settings.peers.push_back(peer("camera", "10.77.0.0/16"));
        settings.peers[0].endpoint = agent::HostPort{"192.0.2.9", 51820};
    }
    static PeerSettings peer(const std::string& name, const std::string& allowed) {
        PeerSettings peer;
        peer.name = name;
        peer.public_key = crypto::public_key_of(crypto::generate_private_key());
        peer.allowed_ips = {*Prefix::parse(allowed)};
        return peer;
    }
    [[nodiscard]] std::filesystem::path write_key(const std::string& name) const {
        auto path = folder.path() / name;
        const auto text = crypto::encode_base64(crypto::generate_private_key());
        std::ofstream{path} << std::string_view{text.data(), text.size()};
        EXPECT_EQ(::chmod(path.c_str(), 0600), 0);
        return path;
    }
    [[nodiscard]] Tunnels start(const std::vector<std::string>& by_wg = {},
                                agent::GateForTunnels gate = {}) const {
        return Tunnels{{settings},
                       by_wg,
                       {folder.path() / "uapi", folder.path(), folder.path()},
                       clock,
                       std::move(gate)};
    }
    [[nodiscard]] std::string routes() const {
        return output_of({"ip", "-n", host->name(), "route"});
    }

    TemporaryFolder folder;
    agent::SystemClock clock;
    std::optional<NetworkNamespace> host;
    std::optional<Inside> inside;
    TunnelSettings settings;
};

TEST_F(TunnelsTest, ARunningTunnelTellsAllOfItself) {
    settings.peers[0].persistent_keepalive = 25;
    Tunnels tunnels = start();
    tunnels.tick();
    const TunnelStatus status = tunnels.statuses().at(0);
    EXPECT_EQ(status.name, "wg0");
    EXPECT_EQ(status.state, TunnelState::running);
    EXPECT_EQ(status.reason, "");
    EXPECT_TRUE(status.is_configured);
    EXPECT_TRUE(status.public_key);
    EXPECT_EQ(status.listen_port, 51820);
    EXPECT_EQ(status.mtu, 1420U);
    EXPECT_EQ(status.backend, "udp");
    EXPECT_NE(status.cipher, "");
    EXPECT_EQ(status.addresses, settings.addresses);
    ASSERT_EQ(status.peers.size(), 1U);
    EXPECT_EQ(status.peers[0].name, "camera");
    EXPECT_EQ(status.peers[0].configured_endpoint, "192.0.2.9:51820");
    EXPECT_EQ(status.peers[0].endpoint.to_string(), "192.0.2.9:51820");
    EXPECT_EQ(status.peers[0].allowed_ips, settings.peers[0].allowed_ips);
    EXPECT_EQ(status.peers[0].persistent_keepalive, 25);
    EXPECT_THAT(routes(), HasSubstr("10.77.0.0/16 dev wg0"));
}

TEST_F(TunnelsTest, ATunnelThatCannotStartSaysWhyAndShowsItsPeers) {
    settings.private_key_file = folder.path() / "none";
    Tunnels tunnels = start({"wg1"});
    tunnels.tick();
    const auto statuses = tunnels.statuses();
    ASSERT_EQ(statuses.size(), 2U);
    EXPECT_EQ(statuses[0].state, TunnelState::failed);
    EXPECT_THAT(statuses[0].reason, HasSubstr("does not exist"));
    EXPECT_EQ(statuses[0].peers.at(0).name, "camera");
    EXPECT_EQ(statuses[1].state, TunnelState::running);
    EXPECT_FALSE(statuses[1].is_configured);
}

TEST_F(TunnelsTest, APortThatIsTakenIsToldAndNothingIsLeft) {
    const UdpSocket taken{*host, 51820};
    Tunnels tunnels = start();
    tunnels.tick();
    EXPECT_EQ(tunnels.statuses().at(0).state, TunnelState::failed);
    EXPECT_THAT(tunnels.statuses().at(0).reason, HasSubstr("listen on port 51820"));
    EXPECT_FALSE(agent::interface_index("wg0"));
}

TEST_F(TunnelsTest, ARefusedKeyFileLeavesEverythingAsItIs) {
    Tunnels tunnels = start();
    tunnels.tick();
    TunnelSettings other = settings;
    other.name = "wg1";
    other.listen_port = 0;
    other.private_key_file = folder.path() / "none";
    settings.peers.clear();
    EXPECT_FALSE(tunnels.change({settings, other}));
    ASSERT_EQ(tunnels.statuses().size(), 1U);
    EXPECT_EQ(tunnels.statuses().at(0).peers.size(), 1U);
}

TEST_F(TunnelsTest, TunnelsArePutInPlaceOfThoseThatGo) {
    Tunnels tunnels = start({"wg7"});
    tunnels.tick();
    settings.name = "wg1";  // with the port that wg0 had
    ASSERT_TRUE(tunnels.change({settings}));
    const auto statuses = tunnels.statuses();
    ASSERT_EQ(statuses.size(), 2U);
    EXPECT_EQ(statuses[0].name, "wg1");
    EXPECT_EQ(statuses[0].state, TunnelState::running);
    EXPECT_EQ(statuses[1].name, "wg7");
    EXPECT_FALSE(agent::interface_index("wg0"));
    settings.name = "wg7";
    EXPECT_FALSE(tunnels.change({settings}));  // is one of wg(8)'s
}

TEST_F(TunnelsTest, PortAddressesAndRoutesFollowTheFile) {
    Tunnels tunnels = start();
    tunnels.tick();
    settings.listen_port = 51821;
    settings.addresses = {{*IpAddress::parse("10.9.1.1"), *Prefix::parse("10.9.1.0/24")}};
    settings.peers[0].allowed_ips = {*Prefix::parse("10.78.0.0/16")};
    ASSERT_TRUE(tunnels.change({settings}));
    EXPECT_EQ(tunnels.statuses().at(0).listen_port, 51821);
    const std::string after = routes();
    EXPECT_THAT(after, HasSubstr("10.9.1.0/24 dev wg0"));
    EXPECT_THAT(after, HasSubstr("10.78.0.0/16 dev wg0"));
    EXPECT_EQ(after.find("10.9.0.0/24"), std::string::npos);
    EXPECT_EQ(after.find("10.77.0.0/16"), std::string::npos);
}

TEST_F(TunnelsTest, ARouteThatIsThereStaysAndIsTold) {
    host->ip({"route", "add", "10.77.0.0/16", "dev", "eth0"});
    Tunnels tunnels = start();
    tunnels.tick();
    EXPECT_THAT(tunnels.statuses().at(0).reason, HasSubstr("add the route to 10.77.0.0/16"));
    EXPECT_EQ(tunnels.statuses().at(0).state, TunnelState::running);
    EXPECT_THAT(routes(), HasSubstr("10.77.0.0/16 dev eth0"));
}

TEST_F(TunnelsTest, ThreadsThatCannotHaveTheirPacketsAreOneWhichSaysSo) {
    settings.threads = 3;
    for (const auto& [gate, reason] :
         {std::pair{agent::GateForTunnels{}, "not 3: no gate is loaded"},
          std::pair{agent::GateForTunnels{.make_steering =
                                              [] {
                                                  return failure(ENOSYS, "load");
                                              }},
                    "not 3: load: Function not implemented"}}) {
        Tunnels tunnels = start({}, gate);
        tunnels.tick();
        const TunnelStatus status = tunnels.statuses().at(0);
        EXPECT_EQ(status.state, TunnelState::running);
        EXPECT_EQ(status.threads, 1U);
        EXPECT_THAT(status.threads_reason, HasSubstr(reason));
        EXPECT_EQ(status.backend_reason, "AF_XDP is for one thread, not 3");
        EXPECT_EQ(tunnels.counters().at(0).counters.get()->threads_reason, status.threads_reason);
        EXPECT_EQ(status.reason, "") << "it carries all the same";
    }
}

TEST_F(TunnelsTest, AnotherNumberOfThreadsTakesPeersAddressesAndRoutesAlong) {
    settings.peers.push_back(peer("second", "10.78.0.0/16"));
    settings.peers.push_back(peer("third", "10.79.0.0/16"));
    Tunnels tunnels = start({}, {.make_steering = [] {
                                return std::make_unique<NoSteering>();
                            }});
    for (const std::size_t threads : {1U, 3U, 2U, 1U, 16U}) {
        settings.threads = threads;
        ASSERT_TRUE(tunnels.change({settings}));
        tunnels.tick();
        const TunnelStatus status = tunnels.statuses().at(0);
        EXPECT_EQ(status.reason, "");
        EXPECT_EQ(status.threads, threads);
        EXPECT_EQ(status.threads_reason, "as configured");
        EXPECT_EQ(status.listen_port, 51820);
        ASSERT_EQ(status.peers.size(), 3U);
        EXPECT_EQ(status.peers[2].name, "third");
        EXPECT_THAT(routes(), HasSubstr("10.9.0.0/24 dev wg0"));
        EXPECT_THAT(routes(), HasSubstr("10.79.0.0/16 dev wg0"));
    }
}

TEST_F(TunnelsTest, AStartThatFailsLeavesAnInterfaceThatWasKeptWithItsRoutes) {
    start().tick();
    const auto refused = [](const std::string& /*name*/) {
        return failure(EINVAL, "attach tc_ingress");
    };
    start({}, {.attach = refused}).tick();
    EXPECT_THAT(routes(), HasSubstr("10.77.0.0/16 dev wg0"));
    std::ofstream{folder.path() / "handshake-time-wg0"} << "damaged";
    Tunnels tunnels = start();
    tunnels.tick();
    EXPECT_EQ(tunnels.statuses().at(0).state, TunnelState::failed);
    EXPECT_THAT(tunnels.statuses().at(0).reason, HasSubstr("holds no time of handshakes"));
    EXPECT_THAT(routes(), HasSubstr("10.77.0.0/16 dev wg0"));
}

TEST_F(TunnelsTest, ThreadsThatCannotBeHadForNowLeaveAnInterfaceForSeveral) {
    settings.threads = 2;
    bool has_steering = true;
    const agent::GateForTunnels gate{
        .make_steering = [&]() -> Result<std::unique_ptr<agent::QueueSteering>> {
            if (!has_steering) {
                return failure(ENOMEM, "load");
            }
            return std::make_unique<NoSteering>();
        }};
    start({}, gate).tick();
    has_steering = false;
    {
        Tunnels tunnels = start({}, gate);
        tunnels.tick();
        const TunnelStatus status = tunnels.statuses().at(0);
        EXPECT_EQ(status.state, TunnelState::failed);
        EXPECT_THAT(status.reason, HasSubstr("2 threads: load: Cannot allocate memory"));
        EXPECT_THAT(routes(), HasSubstr("10.77.0.0/16 dev wg0"));
    }
    has_steering = true;
    Tunnels tunnels = start({}, gate);
    tunnels.tick();
    EXPECT_EQ(tunnels.statuses().at(0).threads, 2U);
}

// Case W32
TEST_F(TunnelsTest, TheMtuIsWhatTheWayTakesLess80) {
    host->ip({"link", "set", "eth0", "mtu", "1400"});
    Tunnels tunnels = start();
    tunnels.tick();
    EXPECT_EQ(tunnels.statuses().at(0).mtu, 1320U);
    EXPECT_EQ(tunnels.statuses().at(0).mtu_reason, "1400 on the way to 192.0.2.9 less 80");
    settings.mtu = 1300;
    ASSERT_TRUE(tunnels.change({settings}));
    EXPECT_THAT(output_of({"ip", "-n", host->name(), "link", "show", "wg0"}),
                HasSubstr("mtu 1300"));
}

}  // namespace
}  // namespace tollgate::test

// SPDX-License-Identifier: MIT
#include "agent/core/flow_link.hpp"

#include <gtest/gtest.h>

#include "tests/support/fake_gate.hpp"
#include "tests/support/frame.hpp"

namespace {

using namespace tollgate;
using policy::Link;

constexpr std::uint8_t kClear = 0;
constexpr std::uint8_t kTunnel = 2;

class FlowLink : public testing::Test {
  protected:
    void SetUp() override {
        links.at(kClear) = Link::clear;
        links.at(kTunnel) = Link::tunnel;
        for (const auto& [prefix, peer] :
             std::vector<std::pair<std::string, std::string>>{{"10.9.0.0/16", "site"},
                                                              {"10.9.0.7/32", "camera"},
                                                              {"10.9.0.8/32", ""},
                                                              {"203.0.113.0/24", "branch"},
                                                              {"0.0.0.0/0", "exit"},
                                                              {"172.16.0.1/32", "exit"},
                                                              {"2001:db8:9::/64", "branch"}}) {
            kernel.peer_addresses.push_back({kTunnel, *Prefix::parse(prefix), peer});
        }
    }
    /// "LINK PEER" of a flow with this remote, or "nobody knows".
    [[nodiscard]] std::string completed(const std::string& remote, std::uint8_t zone) {
        policy::FlowRecord record;
        record.zone = zone;
        record.remote = test::ip(remote);
        const bool known = complete(record, links, gate);
        return known ? std::string(label(record.link)) + " " + record.peer : "nobody knows";
    }

    test::FakeClock clock;
    test::FakeKernel kernel;
    test::FakeGate gate{kernel, clock};
    agent::ZoneLinks links{};
};

TEST_F(FlowLink, IsThatOfTheZoneAndThePeerThatOfTheLongestPrefix) {
    EXPECT_EQ(completed("10.9.0.7", kTunnel), "tunnel camera");
    EXPECT_EQ(completed("10.9.7.1", kTunnel), "tunnel site");
    EXPECT_EQ(completed("203.0.113.1", kTunnel), "tunnel branch");
    EXPECT_EQ(completed("2001:db8:9::1", kTunnel), "tunnel branch");
    EXPECT_EQ(completed("10.9.0.8", kTunnel), "tunnel ") << "a peer without a name";
    EXPECT_EQ(completed("10.9.0.7", kClear), "clear ") << "in the clear nobody is a peer";
}

TEST_F(FlowLink, APeerThatLeadsIntoTheInternetIsNotTheRemote) {
    EXPECT_EQ(completed("198.51.100.1", kTunnel), "tunnel ");
    EXPECT_EQ(completed("10.64.0.1", kTunnel), "tunnel ");
    EXPECT_EQ(completed("172.16.0.1", kTunnel), "tunnel ") << "it would be allowed everything";
}

TEST_F(FlowLink, OfAnInterfaceThatIsGoneNobodyKnows) {
    EXPECT_EQ(completed("10.9.0.7", kTunnel + 1), "nobody knows");
    EXPECT_EQ(completed("10.9.0.7", TG_ZONES_MAX), "nobody knows");
}

TEST_F(FlowLink, EachInterfaceTellsOfItsZone) {
    agent::ProtectedInterface clear;
    clear.zone = 1;
    agent::ProtectedInterface tunnel;
    tunnel.zone = 3;
    tunnel.link = TG_LINK_TUNNEL;
    const agent::ZoneLinks told = agent::links_of({clear, tunnel});
    EXPECT_EQ(told.at(0), Link::unknown);
    EXPECT_EQ(told.at(1), Link::clear);
    EXPECT_EQ(told.at(3), Link::tunnel);
}

}  // namespace

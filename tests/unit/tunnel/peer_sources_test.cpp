// SPDX-License-Identifier: MIT
#include "agent/tunnel/peer_sources.hpp"

#include <set>
#include <string>

#include <gmock/gmock.h>

namespace tollgate::test {
namespace {

using namespace std::chrono_literals;
using agent::Endpoint;
using agent::PeerSources;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Fails the test if it is told something twice.
class SourceGate final : public agent::NoTunnelGate {
  public:
    void know_source(const IpAddress& network) override {
        EXPECT_TRUE(known.insert(network.to_string()).second);
    }
    void forget_source(const IpAddress& network) override {
        EXPECT_EQ(known.erase(network.to_string()), 1U);
    }

    std::set<std::string> known;
};

Endpoint at(const std::string& place) {
    return Endpoint::parse(place).value();
}

// How many of so many messages at once need no cookie.
int admitted(PeerSources& sources, const std::string& source, crypto::Instant now, int messages) {
    int count = 0;
    for (int i = 0; i < messages; ++i) {
        count += sources.admit(IpAddress::parse(source).value(), now) ? 1 : 0;
    }
    return count;
}

class PeerSourcesTest : public testing::Test {
  protected:
    SourceGate gate;
    PeerSources sources{gate};
};

TEST_F(PeerSourcesTest, TheGateIsToldOncePerPlace) {
    sources.add(at("192.0.2.1:7000"));
    sources.add(at("192.0.2.1:7001"));
    EXPECT_THAT(gate.known, ElementsAre("192.0.2.1"));
    sources.remove(at("192.0.2.1:7000"));
    EXPECT_THAT(gate.known, ElementsAre("192.0.2.1"));
    sources.remove(at("192.0.2.1:7001"));
    EXPECT_THAT(gate.known, IsEmpty());
    sources.remove(at("192.0.2.1:7001"));
}

TEST_F(PeerSourcesTest, AnIPv6PlaceIsItsNetwork) {
    sources.add(at("[2001:db8::1]:7000"));
    sources.add(at("[2001:db8::2]:7000"));
    EXPECT_THAT(gate.known, ElementsAre("2001:db8::"));
    EXPECT_EQ(admitted(sources, "2001:db8::3", 1s, 1), 1);
    EXPECT_EQ(admitted(sources, "2001:db8:0:1::1", 1s, 1), 0);
}

TEST_F(PeerSourcesTest, AnUnknownEndpointIsNoPlace) {
    sources.add(Endpoint{});
    sources.remove(Endpoint{});
    EXPECT_THAT(gate.known, IsEmpty());
    EXPECT_EQ(admitted(sources, "::", 1s, 1), 0);
}

TEST_F(PeerSourcesTest, WhoGoesTellsTheGate) {
    {
        PeerSources others{gate};
        others.add(at("192.0.2.1:7000"));
        others.add(at("192.0.2.2:7000"));
    }
    EXPECT_THAT(gate.known, IsEmpty());
}

TEST_F(PeerSourcesTest, APlaceHasFiveAtOnceAndTwentyASecond) {
    EXPECT_EQ(admitted(sources, "192.0.2.1", 1s, 1), 0) << "no peer is there";
    sources.add(at("192.0.2.1:7000"));
    EXPECT_EQ(admitted(sources, "192.0.2.1", 1s, 100), 5);
    EXPECT_EQ(admitted(sources, "192.0.2.1", 1s + 100ms, 100), 2);
    EXPECT_EQ(admitted(sources, "192.0.2.2", 2s, 100), 0);
}

TEST_F(PeerSourcesTest, AllPlacesTogetherHaveAHundredAtOnceAndAThousandASecond) {
    const auto place = [](int number) {
        return "10.0." + std::to_string(number) + ".1";
    };
    for (int number = 0; number < 200; ++number) {
        sources.add(at(place(number) + ":7000"));
    }
    const auto of_all = [&](crypto::Instant now) {
        int count = 0;
        for (int number = 0; number < 200; ++number) {
            count += admitted(sources, place(number), now, 5);
        }
        return count;
    };
    EXPECT_EQ(of_all(1s), 100);
    EXPECT_EQ(of_all(1s + 50ms), 50);
}

}  // namespace
}  // namespace tollgate::test

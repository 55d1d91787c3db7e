// SPDX-License-Identifier: MIT
#include "policy/flow_tracker.hpp"

#include <map>

#include <gmock/gmock.h>

#include "policy/learn_history.hpp"
#include "tests/support/dns.hpp"
#include "tests/support/talk.hpp"

namespace {

using namespace tollgate;
using namespace std::chrono_literals;
using policy::Direction;
using policy::FlowRecord;
using policy::Timestamp;
using test::Bytes;
using test::kAck;
using test::kFin;
using test::kRst;
using test::kSyn;

constexpr Direction kIn = Direction::ingress;
constexpr Direction kOut = Direction::egress;

class FlowTracker : public testing::Test {
  protected:
    void frame(Direction direction, const Bytes& bytes) {
        tracker_.frame(direction, now_, bytes, static_cast<std::uint32_t>(bytes.size()));
    }
    void tcp(Direction direction,
             std::uint8_t flags,
             std::uint32_t sequence = 1000,
             std::uint32_t acknowledgement = 0) {
        frame(direction, talk_.tcp(direction, {flags, sequence, acknowledgement, {}}));
    }
    void handshake(Direction initiator) {
        const Direction responder = initiator == kOut ? kIn : kOut;
        tcp(initiator, kSyn, 1000);
        tcp(responder, kSyn | kAck, 5000, 1001);
        tcp(initiator, kAck, 1001, 5001);
    }
    // The flows in the order in which they began.
    std::vector<FlowRecord> flows() {
        tracker_.finish();
        std::vector<FlowRecord> result;
        for (const auto& recent : history_.flows()) {
            result.push_back(recent.flow);
        }
        return result;
    }

    test::Talk talk_;
    Timestamp now_{1000s};
    policy::FlowHistory history_{100};
    std::vector<policy::NameBinding> names_;
    policy::FlowTracker tracker_{{[this](const FlowRecord& flow) {
                                      history_.update({flow, {}});
                                  },
                                  [this](const policy::NameBinding& binding) {
                                      names_.push_back(binding);
                                  }}};
};

TEST_F(FlowTracker, AConnectionIsOneAnsweredFlow) {
    handshake(kOut);
    const auto seen = flows();
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].direction, kOut);
    EXPECT_EQ(seen[0].remote, talk_.remote);
    EXPECT_EQ(seen[0].service_port(), 443);
    EXPECT_TRUE(seen[0].answered);
    EXPECT_FALSE(seen[0].assured);
    EXPECT_EQ(seen[0].packets[TG_EGRESS], 2U);
    EXPECT_EQ(seen[0].packets[TG_INGRESS], 1U);
    EXPECT_EQ(seen[0].remote_mac, talk_.remote_mac);
}

TEST_F(FlowTracker, AnInboundConnectionHasTheLocalPortAsService) {
    talk_.local_port = 80;
    talk_.remote_port = 50000;
    handshake(kIn);
    const auto seen = flows();
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].direction, kIn);
    EXPECT_EQ(seen[0].service_port(), 80);
    EXPECT_TRUE(seen[0].answered);
}

TEST_F(FlowTracker, AResetIsNoAnswer) {
    tcp(kIn, kSyn);
    tcp(kOut, kRst | kAck);
    ASSERT_EQ(flows().size(), 1U);
    EXPECT_FALSE(flows()[0].answered);
}

TEST_F(FlowTracker, AStrayResetMakesNoFlow) {
    tcp(kIn, kRst);
    EXPECT_TRUE(flows().empty());
}

TEST_F(FlowTracker, ASynAfterBothFinsIsANewFlow) {
    handshake(kOut);
    tcp(kOut, kFin | kAck);
    tcp(kIn, kFin | kAck);
    now_ += 1s;
    handshake(kOut);
    EXPECT_EQ(flows().size(), 2U);
}

TEST_F(FlowTracker, ASynOfTheResponderDoesNotTouchALiveFlow) {
    handshake(kOut);
    tcp(kIn, kSyn);
    const auto seen = flows();
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].packets[TG_INGRESS], 1U);
}

TEST_F(FlowTracker, AConnectionSeenFromItsMiddleBelongsToTheHigherPort) {
    tcp(kIn, kAck);
    const auto seen = flows();
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_TRUE(seen[0].assured);
    EXPECT_EQ(seen[0].direction, kOut);
    EXPECT_TRUE(seen[0].answered);
}

TEST_F(FlowTracker, ASynAckIsFromTheResponder) {
    talk_.local_port = 80;
    talk_.remote_port = 79;
    tcp(kOut, kSyn | kAck);
    ASSERT_EQ(flows().size(), 1U);
    EXPECT_EQ(flows()[0].direction, kIn);
}

TEST_F(FlowTracker, HalfOpenConnectionsDieAfterAMinute) {
    tcp(kOut, kSyn);
    now_ += 60s;
    tcp(kOut, kSyn);
    now_ += 60s + 1us;
    tcp(kOut, kSyn);
    EXPECT_EQ(flows().size(), 2U);
}

TEST_F(FlowTracker, EstablishedConnectionsLiveForFiveDays) {
    handshake(kOut);
    now_ += 119h;
    tcp(kOut, kAck);
    EXPECT_EQ(flows().size(), 1U);
}

TEST_F(FlowTracker, AnInboundConnectionNeedsTheRightAcknowledgement) {
    talk_.local_port = 80;
    tcp(kIn, kSyn, 1000);
    tcp(kOut, kSyn | kAck, 5000, 1001);
    tcp(kIn, kAck, 1001, 7777);
    now_ += 61s;
    tcp(kIn, kSyn, 1000);
    EXPECT_EQ(flows().size(), 2U);
}

TEST_F(FlowTracker, UdpTimesOutLaterWhenItIsAnswered) {
    frame(kOut, talk_.udp(kOut));
    now_ += 30s + 1us;
    frame(kOut, talk_.udp(kOut));
    frame(kIn, talk_.udp(kIn));
    now_ += 180s;
    frame(kOut, talk_.udp(kOut));
    EXPECT_EQ(flows().size(), 2U);
}

TEST_F(FlowTracker, EchoIsAFlowOfItsTypeAndItsReplyTheAnswer) {
    frame(kIn, talk_.icmp(kIn, test::echo(8, 77)));
    frame(kOut, talk_.icmp(kOut, test::echo(0, 77)));
    const auto seen = flows();
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].service_port(), 8);
    EXPECT_TRUE(seen[0].answered);
}

TEST_F(FlowTracker, RepliesAndErrorsOfIcmpMakeNoFlow) {
    frame(kIn, talk_.icmp(kIn, test::echo(0, 77)));
    frame(kIn, talk_.icmp(kIn, test::icmp(3, 1)));
    EXPECT_TRUE(flows().empty());
}

TEST_F(FlowTracker, OtherIcmpTypesAreFlowsOfTheirOwn) {
    frame(kIn, talk_.icmp(kIn, test::icmp(13)));
    frame(kIn, talk_.icmp(kIn, test::icmp(17)));
    EXPECT_EQ(flows().size(), 2U);
}

TEST_F(FlowTracker, TheBaselineMakesNoFlow) {
    talk_.local_port = 68;
    talk_.remote_port = 67;
    frame(kOut, talk_.udp(kOut));
    frame(kOut, test::ethernet({}, 0x0806, Bytes(28)));
    talk_ = test::talk6();
    frame(kIn, talk_.icmp(kIn, test::icmp(135, 0, 0, Bytes(16))));
    EXPECT_TRUE(flows().empty());
}

TEST_F(FlowTracker, RefusedFramesMakeNoFlow) {
    Bytes broken = talk_.tcp(kOut, {});
    broken.resize(40);
    frame(kOut, broken);
    EXPECT_TRUE(flows().empty());
}

TEST_F(FlowTracker, BroadcastIsMarked) {
    talk_.remote = test::ip("255.255.255.255");
    talk_.remote_mac = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
    frame(kOut, talk_.udp(kOut));
    ASSERT_EQ(flows().size(), 1U);
    EXPECT_TRUE(flows()[0].group);
}

TEST_F(FlowTracker, AnswersToItsQueriesNameAddresses) {
    talk_.remote_port = 53;
    frame(kOut, talk_.udp(kOut, test::dns_query("example.com").wire()));
    const auto answer =
        test::dns_answer("example.com", {test::address_record("", test::ip("192.0.2.80"))});
    frame(kIn, talk_.udp(kIn, answer.wire()));
    ASSERT_EQ(names_.size(), 1U);
    EXPECT_EQ(names_[0], (policy::NameBinding{test::ip("192.0.2.80"), "example.com", now_, 60s}));
}

TEST_F(FlowTracker, MulticastDnsNamesNothing) {
    talk_.remote_port = 5353;
    frame(kOut, talk_.udp(kOut, test::dns_query("example.com").wire()));
    const auto answer =
        test::dns_answer("example.com", {test::address_record("", test::ip("192.0.2.80"))});
    frame(kIn, talk_.udp(kIn, answer.wire()));
    EXPECT_TRUE(names_.empty());
}

TEST_F(FlowTracker, TheFlowThatWasSilentLongestMakesRoom) {
    std::vector<FlowRecord> ended;
    policy::FlowTracker small({[&](const FlowRecord& flow) { ended.push_back(flow); }, {}}, 2);
    for (std::uint16_t port = 40001; port <= 40003; ++port) {
        talk_.local_port = port;
        const Bytes bytes = talk_.udp(kOut);
        small.frame(kOut, now_, bytes, static_cast<std::uint32_t>(bytes.size()));
    }
    EXPECT_EQ(small.size(), 2U);
    EXPECT_EQ(ended.at(2).local_port, 40001);  // after two beginnings
}

TEST_F(FlowTracker, LongFlowsAreReportedOnceAnHour) {
    int reports = 0;
    policy::FlowTracker tracker({[&](const FlowRecord&) { ++reports; }, {}});
    const Bytes bytes = talk_.tcp(kOut, {kAck, 1, 1, {}});
    for (int minute = 0; minute <= 121; ++minute) {
        tracker.frame(kOut,
                      now_ + std::chrono::minutes(minute),
                      bytes,
                      static_cast<std::uint32_t>(bytes.size()));
    }
    EXPECT_EQ(reports, 2);  // its beginning, and after 61 minutes
}

}  // namespace

// SPDX-License-Identifier: MIT
#include "agent/capture/replay.hpp"

#include <gmock/gmock.h>

#include "tests/support/capture_file.hpp"
#include "tests/support/dns.hpp"
#include "tests/support/flows.hpp"
#include "tests/support/talk.hpp"

namespace {

using namespace tollgate;
using namespace std::chrono_literals;
using policy::Direction;
using test::kMonday;
using testing::SizeIs;

/// A device that asks for ota.example.com and connects to it, on two days.
class Replay : public testing::Test {
  protected:
    void SetUp() override {
        for (const auto day : {0h, 24h}) {
            visit(kMonday + day);
        }
        path_ = file_.write();
    }
    void visit(policy::Timestamp at) {
        test::Talk dns;
        dns.remote = test::ip("192.168.1.1");
        dns.remote_port = 53;
        file_.add(at, dns.udp(Direction::egress, test::dns_query("ota.example.com").wire()));
        const auto answer =
            test::dns_answer("ota.example.com", {test::address_record("", talk_.remote)});
        file_.add(at + 1ms, dns.udp(Direction::ingress, answer.wire()));
        file_.add(at + 2ms, talk_.tcp(Direction::egress, {test::kSyn, 1, 0, {}}));
        const std::uint8_t syn_ack = test::kSyn | test::kAck;
        file_.add(at + 3ms, talk_.tcp(Direction::ingress, {syn_ack, 7, 2, {}}));
        file_.add(at + 4ms, talk_.tcp(Direction::egress, {test::kAck, 2, 8, {}}));
        file_.add(at + 5ms, talk_.tcp(Direction::egress, {test::kRst, 2, 0, {}}));
    }

    test::Talk talk_;
    test::CaptureFile file_;
    std::filesystem::path path_;
};

TEST_F(Replay, LearnsNamesAndServices) {
    policy::Learner learner;
    const auto frames = agent::learn_capture(path_, talk_.local_mac, learner);
    ASSERT_TRUE(frames);
    EXPECT_EQ(*frames, 12U);
    const auto policy = learner.propose();
    ASSERT_THAT(policy.rules, SizeIs(2));
    EXPECT_EQ(policy.rules[0].name, "https-ota-example-com");
    EXPECT_EQ(policy.rules[1].name, "dns");
}

TEST_F(Replay, LearnsOnlyFromItsSpan) {
    policy::Learner learner;
    ASSERT_TRUE(
        agent::learn_capture(path_, talk_.local_mac, learner, {kMonday + 1h, kMonday + 2h}));
    EXPECT_EQ(learner.status().flows, 0U);
    ASSERT_TRUE(agent::learn_capture(path_, talk_.local_mac, learner, {kMonday, kMonday + 2h}));
    EXPECT_EQ(learner.status().flows, 2U);
}

TEST_F(Replay, TheLearnedPolicyLetsTheCapturePass) {
    policy::Learner learner;
    ASSERT_TRUE(agent::learn_capture(path_, talk_.local_mac, learner));
    const auto report = agent::simulate_capture(path_, talk_.local_mac, learner.propose());
    ASSERT_TRUE(report);
    EXPECT_EQ(report->flows, 4U);
    EXPECT_THAT(report->blocked, SizeIs(0));
    EXPECT_EQ(report->packets, 12U);
}

TEST_F(Replay, AnEmptyPolicyBlocksTheSpanOnly) {
    const auto report =
        agent::simulate_capture(path_, talk_.local_mac, {}, {kMonday + 1h, kMonday + 48h});
    ASSERT_TRUE(report);
    EXPECT_EQ(report->flows, 2U);
    EXPECT_THAT(report->blocked, SizeIs(2));
    EXPECT_EQ(report->packets, 6U);
    EXPECT_EQ(report->packets_blocked, 6U);
}

TEST_F(Replay, ErrorsNameTheFile) {
    policy::Learner learner;
    EXPECT_FALSE(agent::learn_capture("/nowhere/a.pcap", talk_.local_mac, learner));
    EXPECT_FALSE(agent::simulate_capture("/nowhere/a.pcap", talk_.local_mac, {}));
    file_.cut(1);
    EXPECT_FALSE(agent::learn_capture(file_.write(), talk_.local_mac, learner));
}

}  // namespace

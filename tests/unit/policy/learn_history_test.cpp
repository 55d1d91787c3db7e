// SPDX-License-Identifier: MIT
#include "policy/learn_history.hpp"

#include <gtest/gtest.h>

#include "tests/support/flows.hpp"

namespace {

using namespace tollgate;
using namespace std::chrono_literals;

TEST(FlowHistory, ALaterRecordOfTheSameFlowReplacesTheEarlier) {
    policy::FlowHistory history(10);
    auto flow = test::flow_to("192.0.2.1");
    EXPECT_FALSE(history.update({flow, "a"}));
    flow.last_seen += 1h;
    const auto earlier = history.update({flow, "b"});
    ASSERT_TRUE(earlier);
    EXPECT_EQ(earlier->name, "a");
    EXPECT_EQ(history.size(), 1U);
    EXPECT_EQ(history.updates(), 2U);
}

TEST(FlowHistory, AFlowThatBeginsAfterTheOtherEndedIsAnother) {
    policy::FlowHistory history(10);
    auto flow = test::flow_to("192.0.2.1");
    history.update({flow, ""});
    flow.first_seen = flow.last_seen + 1us;
    flow.last_seen = flow.first_seen;
    EXPECT_EQ(history.find(flow), nullptr);
    history.update({flow, ""});
    EXPECT_EQ(history.size(), 2U);
}

TEST(FlowHistory, AFlowOfAnEarlierCaptureIsAnother) {
    policy::FlowHistory history(10);
    auto flow = test::flow_to("192.0.2.1");
    history.update({flow, ""});
    flow.first_seen -= 24h;
    flow.last_seen -= 24h;
    EXPECT_EQ(history.find(flow), nullptr);
}

// Case L05
TEST(FlowHistory, TheFlowUpdatedLongestAgoMakesRoom) {
    policy::FlowHistory history(2);
    const auto first = test::flow_to("192.0.2.1", 1);
    history.update({first, ""});
    history.update({test::flow_to("192.0.2.1", 2), ""});
    history.update({first, ""});
    history.update({test::flow_to("192.0.2.1", 3), ""});
    EXPECT_EQ(history.size(), 2U);
    EXPECT_NE(history.find(first), nullptr);
    EXPECT_EQ(history.find(test::flow_to("192.0.2.1", 2)), nullptr);
}

TEST(FlowHistory, ClearForgetsAll) {
    policy::FlowHistory history(2);
    history.update({test::flow_to("192.0.2.1"), ""});
    history.clear();
    EXPECT_EQ(history.size(), 0U);
    EXPECT_EQ(history.find(test::flow_to("192.0.2.1")), nullptr);
}

}  // namespace

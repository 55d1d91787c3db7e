// SPDX-License-Identifier: MIT
#include "agent/tunnel/endpoint_watch.hpp"

#include <gmock/gmock.h>

namespace tollgate::agent {
namespace {

using namespace std::chrono_literals;
using crypto::Instant;

const HostPort kName{"gate.example.org", 51820};

Endpoint at(const std::string& text) {
    return *Endpoint::parse(text);
}
PeerContact heard_at(const std::string& text) {
    return {at(text), 0};
}
PeerContact lost_at(const std::string& text) {
    return {at(text), kUnansweredMax};
}

TEST(EndpointWatch, LooksUpAtOnceAndThenLessAndLessOften) {
    EndpointWatch watch{kName};
    EXPECT_TRUE(watch.is_due({}, Instant{0}));
    std::vector<std::chrono::seconds> pauses;
    std::chrono::seconds last{0};
    for (std::chrono::seconds now{1}; now < 300s; ++now) {
        if (watch.is_due({}, now)) {
            pauses.push_back(now - std::exchange(last, now));
        }
    }
    EXPECT_THAT(pauses, testing::ElementsAre(1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s, 60s));
}

TEST(EndpointWatch, LooksUpAgainAfterThreeInitiationsWithoutAnswer) {
    EndpointWatch watch{kName};
    PeerContact contact = heard_at("192.0.2.1:51820");
    contact.unanswered = kUnansweredMax - 1;
    EXPECT_FALSE(watch.is_due(contact, Instant{0}));
    contact.unanswered = kUnansweredMax;
    EXPECT_TRUE(watch.is_due(contact, Instant{0}));
}

TEST(EndpointWatch, APeerThatAnswersEndsTheBackOff) {
    EndpointWatch watch{kName};
    for (std::chrono::seconds now{0}; now < 100s; ++now) {
        static_cast<void>(watch.is_due({}, now));
    }
    EXPECT_FALSE(watch.is_due(heard_at("192.0.2.1:51820"), 100s));
    EXPECT_TRUE(watch.is_due(lost_at("192.0.2.1:51820"), 101s));
    EXPECT_TRUE(watch.is_due(lost_at("192.0.2.1:51820"), 102s));
}

TEST(EndpointWatch, GivesTheFirstAddressToAPeerWithoutOne) {
    EndpointWatch watch{kName};
    const auto endpoint =
        watch.answered(std::vector{at("[2001:db8::1]:51820"), at("192.0.2.1:51820")}, {});
    ASSERT_TRUE(endpoint);
    EXPECT_EQ(endpoint->to_string(), "[2001:db8::1]:51820");
}

TEST(EndpointWatch, APeerThatWeHearFromIsNotPulledBack) {
    EndpointWatch watch{kName};
    EXPECT_FALSE(watch.answered(std::vector{at("192.0.2.1:51820")}, heard_at("198.51.100.7:4000")));
    EXPECT_TRUE(watch.answered(std::vector{at("192.0.2.1:51820")}, lost_at("198.51.100.7:4000")));
}

TEST(EndpointWatch, TheSameAddressIsNoChange) {
    EndpointWatch watch{kName};
    EXPECT_FALSE(watch.answered(std::vector{at("192.0.2.1:51820")}, lost_at("192.0.2.1:51820")));
}

TEST(EndpointWatch, EachOfSeveralAddressesGetsItsTurn) {
    EndpointWatch watch{kName};
    const std::vector all{at("192.0.2.1:1"), at("192.0.2.2:1"), at("192.0.2.3:1")};
    EXPECT_EQ(watch.answered(all, lost_at("192.0.2.1:1"))->to_string(), "192.0.2.2:1");
    EXPECT_EQ(watch.answered(all, lost_at("192.0.2.2:1"))->to_string(), "192.0.2.3:1");
    EXPECT_EQ(watch.answered(all, lost_at("192.0.2.3:1"))->to_string(), "192.0.2.1:1");
}

TEST(EndpointWatch, AFailureIsToldUntilThereIsAnAnswer) {
    EndpointWatch watch{kName};
    EXPECT_FALSE(watch.answered(failure("resolve gate.example.org: no DNS"), {}));
    EXPECT_EQ(watch.problem(), "resolve gate.example.org: no DNS");
    EXPECT_TRUE(watch.answered(std::vector{at("192.0.2.1:51820")}, {}));
    EXPECT_EQ(watch.problem(), "");
}

}  // namespace
}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#include "agent/tunnel/initiation_inbox.hpp"

#include <memory>

#include <poll.h>

#include <gtest/gtest.h>

#include "tests/support/handshake.hpp"

namespace tollgate::agent {
namespace {

class InitiationInboxTest : public testing::Test {
  protected:
    /// @param port  by which it is known again
    [[nodiscard]] OpenedInitiation initiation(std::uint16_t port) const {
        Endpoint from;
        from.port = port;
        return {*crypto::Responder::open(hosts.bob, hosts.begin().message()), from};
    }
    [[nodiscard]] bool polls_readable() const {
        pollfd ready{.fd = inbox->descriptor(), .events = POLLIN, .revents = 0};
        return ::poll(&ready, 1, 0) == 1;
    }

    test::Hosts hosts;
    std::unique_ptr<InitiationInbox> inbox = InitiationInbox::create().value();
};

TEST_F(InitiationInboxTest, GivesBackTheOldestFirst) {
    EXPECT_FALSE(inbox->take());
    EXPECT_TRUE(inbox->put(initiation(1)));
    EXPECT_TRUE(inbox->put(initiation(2)));
    EXPECT_EQ(inbox->take()->from.port, 1U);
    EXPECT_EQ(inbox->take()->from.port, 2U);
    EXPECT_FALSE(inbox->take());
}

TEST_F(InitiationInboxTest, PollsReadableWhileOneWaits) {
    EXPECT_FALSE(polls_readable());
    EXPECT_TRUE(inbox->put(initiation(1)));
    EXPECT_TRUE(inbox->put(initiation(2)));
    EXPECT_TRUE(inbox->take());
    EXPECT_TRUE(polls_readable());
    inbox->clear();
    EXPECT_FALSE(polls_readable());
    EXPECT_TRUE(inbox->is_empty());
}

TEST_F(InitiationInboxTest, IsBounded) {
    for (std::size_t i = 0; i < InitiationInbox::kMax; ++i) {
        ASSERT_TRUE(inbox->put(initiation(1)));
    }
    EXPECT_FALSE(inbox->put(initiation(2)));
    EXPECT_TRUE(inbox->take());
    EXPECT_TRUE(inbox->put(initiation(3)));
}

}  // namespace
}  // namespace tollgate::agent

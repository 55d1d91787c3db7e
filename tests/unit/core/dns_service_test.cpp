// SPDX-License-Identifier: MIT
#include "agent/core/dns_service.hpp"

#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "tests/support/confined_child.hpp"
#include "tests/support/dns.hpp"
#include "tests/support/fake_gate.hpp"

namespace tollgate::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::size_t kFar = 10'000;  // turns of the loop; no test needs as many

class DnsServiceTest : public testing::Test {
  protected:
    void SetUp() override {
        if (!test::can_filter_syscalls()) {
            GTEST_SKIP() << "an emulator without system call filters";
        }
        auto made = EventLoop::create();
        ASSERT_TRUE(made);
        loop.emplace(std::move(*made));
    }

    /// @param the_role  of tests/support/dns_child.cpp
    void start(const std::string& the_role) {
        role = the_role;
        service.emplace(*loop, clock, [this] {
            ChildProcess::Plan plan;
            plan.role = role;
            plan.program = TOLLGATE_DNS_CHILD;
            return start_confined(plan);
        });
        ASSERT_NE(service->status().pid, 0) << service->status().last_end;
    }
    void read(std::span<const std::byte> message) {
        service->read(message, [this](const std::optional<DnsReading>& reading) {
            taken.push_back(reading ? reading->name : "-");
        });
    }
    void read(const std::string& name) {
        read(test::dns_answer(name, {test::address_record("", test::ip("192.0.2.1"))}).wire());
    }
    /// Runs the loop until so many messages are taken.
    void run_until(std::size_t messages) {
        for (std::size_t i = 0; i < kFar && taken.size() < messages; ++i) {
            ASSERT_TRUE(loop->run_once(std::chrono::milliseconds{1}));
        }
    }
    void run_until_it_ends() {
        for (std::size_t i = 0; i < kFar && service->status().pid != 0; ++i) {
            ASSERT_TRUE(loop->run_once(std::chrono::milliseconds{1}));
        }
        ASSERT_EQ(service->status().pid, 0);
    }
    void start_again_as(const std::string& other) {
        role = other;
        clock.advance(1);
        service->tick();
        ASSERT_NE(service->status().pid, 0) << service->status().last_end;
        EXPECT_EQ(service->status().restarts, 1U);
    }

    test::FakeClock clock;
    std::optional<EventLoop> loop;
    std::string role;
    std::vector<std::string> taken;
    std::optional<DnsService> service;
};

TEST_F(DnsServiceTest, HasMessagesReadInOrder) {
    start("dns");
    read("a.example");
    read(std::vector<std::byte>(20));
    read("b.example");
    run_until(3);
    EXPECT_THAT(taken, ElementsAre("a.example", "-", "b.example"));
    EXPECT_EQ(service->counts().read, 2U);
    EXPECT_EQ(service->counts().unreadable, 1U);
    EXPECT_EQ(service->counts().lost + service->counts().refused, 0U);
    EXPECT_EQ(service->status().profile, "dns");
}

TEST_F(DnsServiceTest, MoreThanASocketHoldsWaitsHereAndIsRead) {
    start("dns");
    std::vector<test::DnsRecord> records(TG_DNS_RECORDS_MAX,
                                         test::address_record("", test::ip("2001:db8::1")));
    for (std::size_t i = 0; i < DnsService::kWaitingMax; ++i) {
        read(test::dns_answer("n" + std::to_string(i), records).wire());
    }
    run_until(DnsService::kWaitingMax);
    ASSERT_EQ(taken.size(), DnsService::kWaitingMax);
    for (std::size_t i = 0; i < taken.size(); ++i) {
        EXPECT_EQ(taken[i], "n" + std::to_string(i));
    }
}

TEST_F(DnsServiceTest, ReadsNoMoreThanWaitAtOnce) {
    start("silent");
    for (std::size_t i = 0; i <= DnsService::kWaitingMax; ++i) {
        EXPECT_EQ(service->counts().lost, 0U);
        read("a.example");
    }
    EXPECT_EQ(service->counts().lost, 1U);
    EXPECT_THAT(taken, ElementsAre("-"));
}

TEST_F(DnsServiceTest, IsSettledWhenAllIsTaken) {
    start("dns");
    for (int tries = 0; taken.empty() && tries < 100; ++tries) {  // 50 ms may be short here
        if (tries == 0) {
            read("a.example");
        }
        service->settle();
        run_until(taken.empty() ? 0 : 1);
    }
    EXPECT_THAT(taken, ElementsAre("a.example"));
    EXPECT_EQ(service->counts().read, 1U);
}

TEST_F(DnsServiceTest, WaitsOnceForWhoDoesNotAnswer) {
    start("silent");
    read("a.example");
    service->settle();
    const auto begun = std::chrono::steady_clock::now();
    for (int i = 0; i < 1000; ++i) {
        service->settle();
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{10});
    EXPECT_TRUE(taken.empty());
}

TEST_F(DnsServiceTest, WhoDoesNotAnswerIsReplaced) {
    start("silent");
    read("a.example");
    for (unsigned i = 0; i < DnsService::kPatienceTicks; ++i) {
        service->tick();
        ASSERT_NE(service->status().pid, 0);
    }
    service->tick();
    EXPECT_EQ(service->status().last_end, "did not answer");
    EXPECT_THAT(taken, ElementsAre("-"));
    EXPECT_EQ(service->counts().lost, 1U);
    start_again_as("dns");
    read("b.example");
    run_until(2);
    EXPECT_THAT(taken, ElementsAre("-", "b.example"));
}

TEST_F(DnsServiceTest, WhoSaysWhatIsNotTrueIsNotBelievedAndReplaced) {
    start("liar");
    read("a.example");
    read("b.example");
    run_until(2);
    EXPECT_THAT(taken, ElementsAre("-", "-"));
    EXPECT_EQ(service->counts().refused, 1U);
    EXPECT_EQ(service->counts().lost, 1U);
    EXPECT_EQ(service->status().pid, 0);
    EXPECT_THAT(service->status().last_end, HasSubstr("an answer to another question"));
    start_again_as("dns");
    read("c.example");
    run_until(3);
    EXPECT_THAT(taken, ElementsAre("-", "-", "c.example"));
}

TEST_F(DnsServiceTest, WhoSpeaksUnaskedIsReplaced) {
    start("talker");
    run_until_it_ends();
    EXPECT_EQ(service->status().last_end, "answered what nobody asked");
    EXPECT_EQ(service->counts().refused, 1U);
}

TEST_F(DnsServiceTest, WhoClosesTheChannelIsReplaced) {
    start("closer");
    while (service->status().pid != 0) {  // the loop sees that it is closed, then it is given time
        ASSERT_TRUE(loop->run_once(std::chrono::milliseconds{1}));
        service->tick();
    }
    EXPECT_EQ(service->status().last_end, "has closed its channel");
}

TEST_F(DnsServiceTest, WithoutAProcessMessagesAreLostAndCounted) {
    start("dns");
    ::kill(service->status().pid, SIGKILL);
    run_until_it_ends();
    EXPECT_EQ(service->status().last_end, "was killed by SIGKILL");
    read("a.example");
    EXPECT_THAT(taken, ElementsAre("-"));
    EXPECT_EQ(service->counts().lost, 1U);
    start_again_as("dns");
    read("b.example");
    run_until(2);
    EXPECT_THAT(taken, ElementsAre("-", "b.example"));
}

}  // namespace
}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#include "agent/tunnel/name_resolver.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include <gmock/gmock.h>

namespace tollgate::agent {
namespace {

using namespace std::chrono_literals;

// Waits for so many answers; the test's time limit is the bound.
std::vector<NameResolver::Answer> wait_for(NameResolver& resolver, std::size_t count) {
    std::vector<NameResolver::Answer> answers;
    while (answers.size() < count) {
        for (auto& answer : resolver.take()) {
            answers.push_back(std::move(answer));
        }
        std::this_thread::sleep_for(1ms);
    }
    return answers;
}

TEST(NameResolver, AnswersEachNameInOrder) {
    NameResolver resolver{[](const HostPort& name) -> Resolution {
        if (name.host == "none") {
            return failure("no such name");
        }
        return std::vector{*Endpoint::parse("192.0.2.1:" + std::to_string(name.port))};
    }};
    resolver.ask({"gate", 7});
    resolver.ask({"none", 8});
    const auto answers = wait_for(resolver, 2);
    EXPECT_EQ(answers[0].name, (HostPort{"gate", 7}));
    EXPECT_EQ(answers[0].resolution->front().to_string(), "192.0.2.1:7");
    EXPECT_EQ(answers[1].name, (HostPort{"none", 8}));
    EXPECT_EQ(answers[1].resolution.error().message(), "no such name");
    EXPECT_TRUE(resolver.take().empty());
}

TEST(NameResolver, NobodyWaitsForALookup) {
    auto release = std::make_shared<std::promise<void>>();
    auto lookups = std::make_shared<std::atomic<int>>(0);
    {
        NameResolver resolver{[release, lookups](const HostPort&) -> Resolution {
            ++*lookups;
            release->get_future().wait();
            return failure("late");
        }};
        resolver.ask({"slow", 1});
        resolver.ask({"slow", 1});
        resolver.ask({"slow", 1});
        EXPECT_TRUE(resolver.take().empty());
    }
    release->set_value();
    EXPECT_LE(*lookups, 1);  // a name that waits does not wait twice, and the end is the end
}

TEST(NameResolver, TheSystemKnowsAddressesWithoutDns) {
    const auto ipv4 = resolve({"192.0.2.7", 5});
    ASSERT_TRUE(ipv4) << ipv4.error().message();
    EXPECT_EQ(ipv4->front().to_string(), "192.0.2.7:5");
    const auto ipv6 = resolve({"2001:db8::7", 6});
    ASSERT_TRUE(ipv6) << ipv6.error().message();
    EXPECT_EQ(ipv6->front().to_string(), "[2001:db8::7]:6");
    EXPECT_FALSE(resolve({"fe80::1%none", 6}));
}

}  // namespace
}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "tests/differential/agreement.hpp"
#include "tests/differential/frame_source.hpp"
#include "tests/differential/random_policy.hpp"
#include "tests/differential/required.hpp"

namespace tollgate::test {
namespace {

constexpr std::uint64_t kFrames = 240'000;
constexpr std::uint64_t kFramesPerPolicy = 5'000;

std::uint64_t seed() {
    const char* given = std::getenv("TOLLGATE_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

// Changes something that is not the policy: the blocklist, what a name has, the switch.
void disturb(FrameSource& source, Agreement& both, bool& blocked) {
    const auto& hosts = FrameSource::remotes(!source.once_in(3));
    const IpAddress& host = hosts[source.below(static_cast<std::uint32_t>(hosts.size()))];
    switch (source.below(4)) {
        case 0:
        case 1: {
            static const Prefix kBlocked = *Prefix::parse("203.0.113.0/24");
            ASSERT_TRUE(both.blocklist(kBlocked, blocked = !blocked));
            ASSERT_TRUE(both.bump());
            break;
        }
        case 2:
            ASSERT_TRUE(both.resolve(host, {"example.com", source.once_in(2)}));
            break;
        default:
            ASSERT_TRUE(both.set_open(source.once_in(4)));
    }
}

TEST(RandomFrames, ProgramAndModelAgreeOnEveryFrame) {
    const std::uint64_t start = seed();
    std::cout << "TOLLGATE_SEED=" << start << "\n";
    RecordProperty("seed", std::to_string(start));
    FrameSource source(start);
    auto begun = Agreement::begin();
    TOLLGATE_REQUIRE(begun);
    Agreement& both = **begun;
    bool blocked = false;
    for (std::uint64_t i = 0; i < kFrames; ++i) {
        if (i % kFramesPerPolicy == 0) {
            const auto used = both.use(random_policy(source));
            ASSERT_TRUE(used) << used.error().message();
        }
        if (source.once_in(500)) {
            ASSERT_NO_FATAL_FAILURE(disturb(source, both, blocked));
        }
        const Sent sent = source.next();
        ASSERT_TRUE(both.judge(sent.frame, sent.direction)) << "TOLLGATE_SEED=" << start;
    }
    std::cout << both.frames() << " frames, " << both.model().flows().size() << " flows, "
              << both.model().resolved().size() << " names: " << both.summary() << "\n";
    EXPECT_GE(both.frames(), 200'000U);
}

}  // namespace
}  // namespace tollgate::test

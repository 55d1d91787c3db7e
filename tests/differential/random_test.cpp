// SPDX-License-Identifier: MIT
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <span>
#include <string>

#include <linux/if_ether.h>

#include <gtest/gtest.h>

#include "tests/differential/agreement.hpp"
#include "tests/differential/frame_source.hpp"
#include "tests/differential/random_policy.hpp"
#include "tests/differential/required.hpp"
#include "tests/differential/seed.hpp"

namespace tollgate::test {
namespace {

constexpr std::uint64_t kFrames = 240'000;  // at least
constexpr std::uint64_t kFramesPerPolicy = 5'000;

// How long to go on: DIFFERENTIAL_SECONDS, or no longer than the frames take.
std::chrono::seconds duration_of_run() {
    const char* given = std::getenv("DIFFERENTIAL_SECONDS");
    return std::chrono::seconds{given != nullptr ? std::strtol(given, nullptr, 10) : 0};
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

// Peers get, lose and pass on addresses; prefixes of different peers lie within each other.
void disturb_peers(FrameSource& source, Agreement& both) {
    static const std::vector<std::string> kPrefixes{
        "0.0.0.0/0", "192.0.2.0/24", "192.0.2.128/25", "2001:db8::/32", "2001:db8:8000::/33"};
    const auto& hosts = FrameSource::remotes(!source.once_in(3));
    const std::string host =
        hosts[source.below(static_cast<std::uint32_t>(hosts.size()))].to_string();
    const Prefix prefix = *Prefix::parse(source.once_in(2) ? host : kPrefixes[source.below(5)]);
    const auto& peers = FrameSource::peers();
    std::optional<std::string> peer;
    if (!source.once_in(4)) {
        peer = source.once_in(4) ? "" : peers[source.below(3)];
    }
    ASSERT_TRUE(both.allow(prefix, peer));
}

void disturb_sometimes(FrameSource& source, Agreement& both, tg_link link, bool& blocked) {
    if (source.once_in(500)) {
        ASSERT_NO_FATAL_FAILURE(disturb(source, both, blocked));
    }
    if (link == TG_LINK_TUNNEL && source.once_in(1000)) {
        disturb_peers(source, both);
    }
}

// What a tunnel carries has no Ethernet header.
std::span<const std::byte> carried(const Sent& sent, tg_link link) {
    const std::span<const std::byte> frame{sent.frame};
    return link == TG_LINK_CLEAR ? frame
                                 : frame.subspan(std::min<std::size_t>(ETH_HLEN, frame.size()));
}

void agree_on_every_frame(tg_link link) {
    const std::uint64_t start = seed_of_run();
    FrameSource source(start);
    auto begun = Agreement::begin(link);
    TOLLGATE_REQUIRE(begun);
    Agreement& both = **begun;
    bool blocked = false;
    const auto end = std::chrono::steady_clock::now() + duration_of_run();
    for (std::uint64_t i = 0; i < kFrames || std::chrono::steady_clock::now() < end; ++i) {
        if (i % kFramesPerPolicy == 0) {
            const auto used = both.use(random_policy(source));
            ASSERT_TRUE(used) << used.error().message();
        }
        ASSERT_NO_FATAL_FAILURE(disturb_sometimes(source, both, link, blocked));
        const Sent sent = source.next();
        ASSERT_TRUE(both.judge(carried(sent, link), sent.direction)) << "TOLLGATE_SEED=" << start;
    }
    std::cout << both.frames() << " frames, " << both.model().flows().size() << " flows, "
              << both.model().resolved().size() << " names: " << both.summary() << "\n";
    EXPECT_GE(both.frames(), 200'000U);
}

// Cases P39, P43
TEST(RandomFrames, ProgramAndModelAgreeOnEveryFrame) {
    agree_on_every_frame(TG_LINK_CLEAR);
}

// Case P43
TEST(RandomFrames, ProgramAndModelAgreeOnEveryPacketOfATunnel) {
    agree_on_every_frame(TG_LINK_TUNNEL);
}

}  // namespace
}  // namespace tollgate::test

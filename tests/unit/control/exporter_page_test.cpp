// SPDX-License-Identifier: MIT
#include "agent/control/exporter_page.hpp"

#include <array>
#include <string>
#include <thread>
#include <vector>

#include <sys/socket.h>

#include <gtest/gtest.h>

namespace tollgate::agent {
namespace {

TEST(ExporterPages, AreThreeByTheirPaths) {
    EXPECT_EQ(page_of("/metrics"), ExporterPage::metrics);
    EXPECT_EQ(page_of("/livez"), ExporterPage::live);
    EXPECT_EQ(page_of("/readyz"), ExporterPage::ready);
    EXPECT_EQ(page_of("/"), std::nullopt);
    EXPECT_EQ(page_of("/metrics/"), std::nullopt);
}

/// A channel whose agent's end somebody answers, until the test ends.
class PageChannels : public testing::Test {
  protected:
    void SetUp() override {
        auto made = make_page_channel();
        ASSERT_TRUE(made) << made.error().message();
        channel = std::move(*made);
    }
    void TearDown() override {
        channel.exporter.reset();
        if (agent.joinable()) {
            agent.join();
        }
    }
    void answer(std::function<PageAnswer(ExporterPage)> make) {
        agent = std::thread{[this, make = std::move(make)] {
            while (answer_page(channel.agent.get(), make)) {
            }
            channel.agent.reset();
        }};
    }

    PageChannel channel;
    std::thread agent;
};

TEST_F(PageChannels, BringWhatWasAskedFor) {
    const std::string large(std::size_t{3} << 20U, 'x');
    answer([&](ExporterPage page) {
        return page == ExporterPage::metrics ? PageAnswer{200, large} : PageAnswer{503, ""};
    });
    for (int i = 0; i < 3; ++i) {
        const auto metrics = ask_for_page(channel.exporter.get(), ExporterPage::metrics);
        ASSERT_TRUE(metrics) << metrics.error().message();
        EXPECT_EQ(metrics->text, large);
        const auto live = ask_for_page(channel.exporter.get(), ExporterPage::live);
        ASSERT_TRUE(live) << live.error().message();
        EXPECT_EQ(live->status, 503);
        EXPECT_EQ(live->text, "");
    }
}

TEST_F(PageChannels, EndWhenTheOtherSideAsksForWhatIsNoPage) {
    answer([](ExporterPage) { return PageAnswer{200, "ok"}; });
    const char nonsense = 3;
    ASSERT_EQ(::send(channel.exporter.get(), &nonsense, 1, MSG_NOSIGNAL), 1);
    char byte = 0;
    EXPECT_EQ(::recv(channel.exporter.get(), &byte, 1, 0), 0);
}

TEST_F(PageChannels, SayWhenTheAgentIsGone) {
    channel.agent.reset();
    EXPECT_FALSE(ask_for_page(channel.exporter.get(), ExporterPage::ready));
}

TEST_F(PageChannels, RefuseAnAnswerThatIsTooLarge) {
    const std::array<std::uint32_t, 2> head{200, static_cast<std::uint32_t>(kPageBytesMax) + 1};
    ASSERT_EQ(::send(channel.agent.get(), head.data(), sizeof head, 0),
              static_cast<ssize_t>(sizeof head));
    const auto answer = ask_for_page(channel.exporter.get(), ExporterPage::ready);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, std::errc::protocol_error);
}

}  // namespace
}  // namespace tollgate::agent

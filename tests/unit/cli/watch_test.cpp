// SPDX-License-Identifier: MIT
#include <algorithm>

#include <gtest/gtest.h>

#include "agent/cli/text.hpp"
#include "agent/cli/watch_source.hpp"
#include "agent/cli/watch_view.hpp"

namespace tollgate::cli::watch {
namespace {

Flow flow(const std::string& remote, std::uint64_t received, std::uint64_t sent) {
    Flow made;
    made.interface = "eth0";
    made.protocol = "tcp";
    made.service = "tcp/554";
    made.remote = remote;
    made.id = remote;
    made.local = "192.0.2.10:554";
    made.rule = "rtsp";
    made.traffic = {received, sent};
    return made;
}

/// Two flows, a drop, a source, a peer; `at_s` seconds and as many kilobytes later.
Sample sample(double at_s) {
    const auto bytes = static_cast<std::uint64_t>(at_s * 1000);
    Sample made;
    made.at_s = at_s;
    made.policy = "door-camera";
    made.generation = 12;
    made.stages = {{"eth0", "enforce"}, {"wlan0", "audit"}};
    made.flows = {flow("192.0.2.40:40000", bytes, 2 * bytes),
                  flow("192.0.2.41:40001", 9 * bytes, 0)};
    made.drops = {{"eth0", false, "policy_default", false, bytes}};
    made.sources = {{"192.0.2.99", "", "policy_deny", "tcp/23", 3}};
    made.peers = {{"wg0", "recorder", "192.0.2.40:51820", 63, {bytes, bytes}}};
    return made;
}

std::string shown(View& view, const Size& size = {100, 24}) {
    std::string all;
    for (const Line& line : view.render(size)) {
        all += line.text + '\n';
    }
    return all;
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

void press(View& view, const std::string& keys) {
    for (const char key : keys) {
        EXPECT_TRUE(view.press(key));
    }
}

TEST(Watch, ARateIsTheDifferenceByTheTime) {
    EXPECT_EQ(rate(1000, 3000, 2), 1000);
    EXPECT_EQ(rate(1000, 1000, 2), 0);
    EXPECT_EQ(rate(std::nullopt, 3000, 2), std::nullopt);
    EXPECT_EQ(rate(3000, 1000, 2), std::nullopt);  // the flow began anew
    EXPECT_EQ(rate(1000, 3000, 0), std::nullopt);
    EXPECT_EQ(rate_text(999), "999 B/s");
    EXPECT_EQ(rate_text(41'200), "41.2 kB/s");
    EXPECT_EQ(rate_text(std::nullopt), "-");
}

TEST(Watch, OneSampleHasNoRatesAndTwoHave) {
    View view;
    view.take(sample(1));
    EXPECT_FALSE(has(shown(view), "kB/s"));
    view.take(sample(2));
    EXPECT_TRUE(has(shown(view), "9.0 kB/s"));
    EXPECT_TRUE(has(shown(view), "2.0 kB/s"));
}

TEST(Watch, SortsByTheNextColumnAndAtTheEndNotAtAll) {
    View view;
    view.take(sample(1));
    view.take(sample(2));
    press(view, "ssssss");  // DIR, IF, SERVICE, REMOTE, RULE, IN
    const std::string sorted = shown(view);
    EXPECT_TRUE(has(sorted, "sorted by IN"));
    EXPECT_LT(sorted.find("192.0.2.41"), sorted.find("192.0.2.40"));
    press(view, "sss");
    EXPECT_FALSE(has(shown(view), "sorted by"));
}

TEST(Watch, FiltersByAnyTextInWhateverCase) {
    View view;
    view.take(sample(1));
    press(view, "/.41");
    EXPECT_FALSE(has(shown(view), "192.0.2.40:"));
    EXPECT_TRUE(view.press(kEnter));
    EXPECT_TRUE(has(shown(view), "flows (1)"));
    EXPECT_TRUE(view.press(kEscape));
    EXPECT_TRUE(has(shown(view), "flows (2)"));
    press(view, "/RTSP");
    EXPECT_TRUE(has(shown(view), "flows (2)"));
    press(view, "q");  // a letter of the filter, not the end
    EXPECT_TRUE(has(shown(view), "none with RTSPq"));
    EXPECT_TRUE(view.press(kErase));
    EXPECT_TRUE(has(shown(view), "flows (2)"));
}

TEST(Watch, PausedItShowsWhatItShowed) {
    View view;
    view.take(sample(1));
    view.take(sample(2));
    press(view, "p");
    const std::string before = shown(view);
    EXPECT_TRUE(has(before, "PAUSED"));
    Sample later = sample(3);
    later.flows.clear();
    view.take(later);
    EXPECT_EQ(shown(view), before);
    press(view, "p");
    view.take(later);
    EXPECT_TRUE(has(shown(view), "flows (0)"));
}

TEST(Watch, ShowsTheDetailsOfTheSelectedRow) {
    View view;
    view.take(sample(1));
    EXPECT_TRUE(view.press(kDown));
    press(view, "d");
    EXPECT_TRUE(has(shown(view), "remote    192.0.2.41:40001"));
    press(view, "d");
    EXPECT_TRUE(has(shown(view), "flows (2)"));
}

TEST(Watch, TheSelectionStaysInTheTableAndOnTheScreen) {
    View view;
    Sample many = sample(1);
    for (int i = 0; i < 100; ++i) {
        many.flows.push_back(flow("198.51.100." + std::to_string(i), 1, 1));
    }
    view.take(many);
    for (const std::int32_t key : {kEnd, kPageDown, kDown, kPageUp, kUp, kHome, kUp}) {
        EXPECT_TRUE(view.press(key));
        const auto lines = view.render({80, 12});
        EXPECT_EQ(std::ranges::count_if(lines, [](const Line& line) { return line.selected; }), 1);
    }
    view.take(sample(2));
    EXPECT_TRUE(view.press(kEnd));
    EXPECT_TRUE(has(shown(view), "192.0.2.41"));
}

TEST(Watch, TabGoesThroughTheTables) {
    View view;
    view.take(sample(1));
    view.take(sample(2));
    for (const char* expected : {"1000.0", "tcp/23", "1m 3s ago", "flows (2)"}) {
        EXPECT_TRUE(view.press(kTab));
        EXPECT_TRUE(has(shown(view), expected)) << expected << '\n' << shown(view);
    }
}

TEST(Watch, SaysThatTheAgentIsGoneAndShowsWhatItSawLast) {
    View view;
    EXPECT_TRUE(has(shown(view), "waiting for the agent"));
    view.take(sample(1));
    view.miss("Connection refused");
    EXPECT_TRUE(has(shown(view), "agent not reachable, trying again: Connection refused"));
    EXPECT_TRUE(has(shown(view), "192.0.2.40"));
    view.take(sample(2));
    EXPECT_FALSE(has(shown(view), "not reachable"));
}

TEST(Watch, ShowsStagesAndWhatIsPending) {
    View view;
    Sample pending = sample(1);
    pending.pending = "enforce";
    pending.deadline = "12:01:40, in 1m 40s,";
    pending.open = true;
    view.take(pending);
    EXPECT_TRUE(has(shown(view), "stage eth0 enforce, wlan0 audit"));
    EXPECT_TRUE(has(shown(view), "PENDING enforce reverts at 12:01:40, in 1m 40s, unless"));
    EXPECT_TRUE(has(shown(view), "OPEN: everything passes"));
}

TEST(Watch, FillsAnyTerminalAndNeverMore) {
    View view;
    Sample wide = sample(1);
    wide.flows.push_back(flow(std::string(300, 'x'), 1, 1));
    wide.flows.push_back(flow("ünïcödé.example.com", 1, 1));
    view.take(wide);
    for (std::size_t width = 1; width <= 200; ++width) {
        for (const std::size_t rows : {1U, 5U, 24U}) {
            const auto lines = view.render({width, rows});
            EXPECT_EQ(lines.size(), rows);
            for (const Line& line : lines) {
                EXPECT_LE(columns(line.text), width) << line.text;
            }
        }
    }
}

TEST(Watch, ANarrowTerminalKeepsWhatMatters) {
    const Table table = table_of(Subject::flows, nullptr, sample(1));
    for (std::size_t width = 60; width <= 200; ++width) {
        const auto widths = layout(table, width);
        EXPECT_GT(widths.at(2), 0U) << width;  // SERVICE
        EXPECT_GT(widths.at(3), 0U) << width;  // REMOTE
        EXPECT_GT(widths.at(5), 0U) << width;  // IN
    }
    EXPECT_EQ(layout(table, 200).at(0), 3U);  // DIR
}

TEST(Watch, WhatTheNetworkSaysCannotSpeakToTheTerminal) {
    View view;
    Sample evil = sample(1);
    evil.flows[0].name = "evil\033[31m.example.com\x07";
    view.take(evil);
    const std::string text = shown(view);
    EXPECT_FALSE(has(text, "\033"));
    EXPECT_FALSE(has(text, "\x07"));
    EXPECT_TRUE(has(text, "evil?[31m.example.com"));
}

TEST(Watch, QEndsItAndHelpGoesBack) {
    View view;
    view.take(sample(1));
    press(view, "?");
    EXPECT_TRUE(has(shown(view), "sort by the next column"));
    press(view, "x");
    EXPECT_TRUE(has(shown(view), "flows (2)"));
    EXPECT_FALSE(view.press('q'));
}

TEST(Watch, ReadsTheAnswersOfTheAgent) {
    Answers answers;
    answers.status = Json::parse(R"({"policyName": "door", "generation": 3, "pending":
        {"change": "enforce", "deadline": "2026-11-21T12:00:40Z", "remaining": 40},
        "interfaces": [{"name": "eth0", "stage": "audit",
        "ingress": {"drops": {"policy_deny": 4}, "wouldDrop": {"no_flow": 2}}}]})");
    answers.flows = Json::parse(R"({"flows": [{"interface": "eth0", "direction": "egress",
        "protocol": "tcp", "remote": "2001:db8::1", "remotePort": 443, "local": "2001:db8::2",
        "localPort": 50000, "receivedBytes": 7, "sentBytes": 8, "idle": 1, "rule": "ota"},
        {"interface": "eth0", "direction": "ingress", "protocol": "icmp", "remote": "192.0.2.1",
        "remotePort": 77, "local": "192.0.2.2", "localPort": 77}]})");
    answers.tunnels = Json::parse(R"({"tunnels": [{"name": "wg0", "peers": [{"name": "nvr",
        "latestHandshake": "2026-11-21T11:59:00Z", "receivedBytes": 1, "sentBytes": 2},
        {"publicKey": "abc"}]}]})");
    const Json drop = Json::parse(R"({"type": "drop", "direction": "ingress", "protocol": "tcp",
        "remote": "192.0.2.99", "localPort": 23, "reason": "policy_deny", "packets": 3})");
    answers.events = {drop, drop, Json::parse("{", nullptr, false)};
    const Sample read = sample_of(answers, *parse_time("2026-11-21T12:00:00Z"));
    EXPECT_EQ(read.flows.at(0).service, "tcp/443");
    EXPECT_EQ(read.flows.at(0).remote, "[2001:db8::1]:443");
    EXPECT_EQ(read.flows.at(1).service + " " + read.flows.at(1).remote, "icmp 192.0.2.1");
    EXPECT_EQ(read.drops.size(), 2U);
    EXPECT_EQ(read.sources.at(0).packets, 6U);
    EXPECT_EQ(read.sources.at(0).service, "tcp/23");
    EXPECT_EQ(read.peers.at(0).handshake_age_s, 60U);
    EXPECT_EQ(read.peers.at(1).name, "abc");
    EXPECT_EQ(read.pending, "enforce");
}

}  // namespace
}  // namespace tollgate::cli::watch

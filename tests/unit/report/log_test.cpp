// SPDX-License-Identifier: MIT
#include "agent/report/log.hpp"

#include <gtest/gtest.h>

namespace tollgate::agent {
namespace {

TEST(Log, ALineIsLogfmt) {
    EXPECT_EQ(format_log_line(LogLevel::info, "agent.started", {{"pid", 7}, {"version", "0.1.0"}}),
              "level=info event=agent.started pid=7 version=0.1.0");
}

// Case C04
TEST(Log, WhatIsNotPlainIsQuotedSoThatNoLineCanBeForged) {
    EXPECT_EQ(format_log_line(LogLevel::warn, "x.y", {{"why", "a \"b\"\nlevel=error\x1b[31m"}}),
              "level=warn event=x.y why=\"a \\\"b\\\"\\x0alevel=error\\x1b[31m\"");
    EXPECT_EQ(format_log_line(LogLevel::warn, "x.y", {{"why", ""}}),
              "level=warn event=x.y why=\"\"");
}

TEST(Log, EachProblemOfAFileHasItsLine) {
    testing::internal::CaptureStderr();
    log_problems("agent.refused", "a.yaml:1:1: one\na.yaml:2:1: \"two\"\n", {"exit_code", 17});
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "level=error event=agent.refused error=\"a.yaml:1:1: one\" exit_code=17\n"
              "level=error event=agent.refused error=\"a.yaml:2:1: \\\"two\\\"\" exit_code=17\n");
}

TEST(Log, LevelsHaveNames) {
    EXPECT_EQ(parse_log_level("debug"), LogLevel::debug);
    EXPECT_EQ(parse_log_level("verbose"), std::nullopt);
}

}  // namespace
}  // namespace tollgate::agent

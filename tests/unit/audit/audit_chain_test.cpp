// SPDX-License-Identifier: MIT
#include "agent/audit/audit_chain.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tollgate::test {
namespace {

using agent::AuditCheck;
using agent::AuditHead;
using agent::AuditRecord;
using testing::HasSubstr;

std::vector<std::string> three_lines() {
    AuditHead head;
    std::vector<std::string> lines;
    for (const std::string action : {"enforce", "confirm", "open"}) {
        lines.push_back(
            extend(head, {1'790'000'000'123'456'789, "uid 0, pid 4711", action, "done", {}}));
    }
    return lines;
}

// The number of the first line that is refused, and why; 0: none is.
std::pair<std::size_t, std::string> first_refused(const std::vector<std::string>& lines) {
    AuditCheck check;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (const auto wrong = check.take(lines[i])) {
            return {i + 1, *wrong};
        }
    }
    return {0, ""};
}

// The hash is what sha256sum(1) of coreutils says of the text in front of it.
TEST(AuditChain, ALineIsJsonThatEndsWithTheHashOfTheRest) {
    AuditHead head;
    const std::string line = extend(
        head,
        {1'790'000'000'123'456'789, "uid 0", "policy/apply", "done", {{"policy", "3f\"\n\x01"}}});
    EXPECT_EQ(
        line,
        R"({"sequence":1,"time":"2026-09-21T14:13:20.123Z","actor":"uid 0","action":"policy/apply",)"
        R"("outcome":"done","details":{"policy":"3f\"\n\u0001"},)"
        R"("previous":"0000000000000000000000000000000000000000000000000000000000000000",)"
        R"("hash":"29d0df2b0946499d52e3c6d9c513ba53560662b80439180dbdc9cd202ebdf38e"})");
    EXPECT_EQ(head.to_text(), "1:29d0df2b0946499d52e3c6d9c513ba53560662b80439180dbdc9cd202ebdf38e");
    EXPECT_EQ(AuditHead::parse(head.to_text()), head);
}

TEST(AuditChain, WhatIsNoHeadIsRefused) {
    const std::string hash(64, 'a');
    for (const std::string& text : {std::string{},
                                    std::string{"7"},
                                    "7:" + hash + "a",
                                    "7:" + hash.substr(1),
                                    ":" + hash,
                                    "-7:" + hash,
                                    "7:" + std::string(64, 'A'),
                                    " 7:" + hash,
                                    "99999999999999999999:" + hash}) {
        EXPECT_EQ(AuditHead::parse(text), std::nullopt) << text;
    }
}

TEST(AuditChain, WhatWasWrittenIsInOrder) {
    AuditCheck check;
    for (const std::string& line : three_lines()) {
        EXPECT_EQ(check.take(line), std::nullopt);
    }
    EXPECT_EQ(check.first(), 1U);
    EXPECT_EQ(check.head().sequence, 3U);
}

// Case S07
TEST(AuditChain, EveryChangedByteIsFoundInItsLine) {
    const auto lines = three_lines();
    for (std::size_t at = 0; at < lines[1].size(); ++at) {
        auto changed = lines;
        changed[1][at] = static_cast<char>(changed[1][at] ^ 1);
        EXPECT_EQ(first_refused(changed).first, 2U) << changed[1];
    }
}

// Case S07
TEST(AuditChain, ARemovedAMovedAndARepeatedLineAreFound) {
    const auto lines = three_lines();
    EXPECT_THAT(first_refused({lines[0], lines[2]}),
                testing::Pair(2U, HasSubstr("it is record 3, and 2 is expected")));
    EXPECT_EQ(first_refused({lines[0], lines[2], lines[1]}).first, 2U);
    EXPECT_EQ(first_refused({lines[0], lines[1], lines[1]}).first, 3U);
    EXPECT_EQ(first_refused({lines[0], lines[1].substr(0, 90)}).first, 2U);
    EXPECT_EQ(first_refused({lines[0], ""}).first, 2U);
}

// Somebody who writes a line anew can make its hash fit, but not what the next one names.
TEST(AuditChain, ALineThatWasWrittenAnewIsFoundInTheNext) {
    const auto lines = three_lines();
    AuditHead head;
    const std::string first = extend(head, {1, "uid 0", "enforce", "done", {}});
    EXPECT_THAT(first_refused({first, lines[1]}), testing::Pair(2U, HasSubstr("was replaced")));
}

TEST(AuditChain, ItMayBeginInTheMiddleButNotWithAnInventedFirst) {
    const auto lines = three_lines();
    EXPECT_EQ(first_refused({lines[1], lines[2]}).first, 0U);
    AuditHead invented{0, std::string(64, 'a')};
    EXPECT_EQ(first_refused({extend(invented, {})}).first, 1U);
}

TEST(AuditChain, LongTextsAndForeignBytesMakeALineThatIsStillInOrder) {
    AuditHead head;
    AuditRecord record{0, std::string(100'000, '"'), "a\xff\xfe\nb", std::string(9'000, 'x'), {}};
    for (int i = 0; i < 9; ++i) {
        record.details.emplace_back(std::string(3'000, 'k') + std::to_string(i), "\"}");
    }
    const std::string line = extend(head, record);
    EXPECT_LE(line.size(), agent::kAuditLineBytesMax);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_EQ(first_refused({line}).first, 0U);
}

}  // namespace
}  // namespace tollgate::test

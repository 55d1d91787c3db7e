// SPDX-License-Identifier: MIT
#include "policy/yaml_strict.hpp"

#include <string>

#include <gmock/gmock.h>

namespace tollgate::policy {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// The problems of a text, as lines.
std::string problems_of(const std::string& text) {
    std::vector<Problem> problems;
    std::ignore = parse_yaml(text, problems);
    return format_problems("f", problems);
}

TEST(YamlStrict, KeepsTextQuotesAndPlaces) {
    std::vector<Problem> problems;
    const auto root = parse_yaml("a: 12\nb:\n  - \"12\"\n  - ~\n", problems);
    ASSERT_TRUE(root);
    EXPECT_TRUE(problems.empty());
    ASSERT_EQ(root->entries.size(), 2U);
    EXPECT_TRUE(root->entries[0].value.plain);
    const YamlNode& list = root->entries[1].value;
    EXPECT_EQ(list.items.at(0).text, "12");
    EXPECT_FALSE(list.items.at(0).plain);
    EXPECT_EQ(list.items.at(0).mark.line, 3U);
    EXPECT_EQ(list.items.at(0).mark.column, 5U);
    EXPECT_EQ(list.items.at(1).kind, YamlNode::Kind::null);
}

// Case C04
TEST(YamlStrict, RefusesBytesThatAreNotUtf8) {
    for (const std::string bytes : {"\xff",
                                    "\xc0\xaf",
                                    "\xed\xa0\x80",
                                    "\xf4\x90\x80\x80",
                                    "\xe2\x82",
                                    "\x80",
                                    "\xf8\x88\x80\x80\x80",
                                    "\xe0\x80\xaf"}) {
        EXPECT_THAT(problems_of("a: 1\nb: " + bytes),
                    StartsWith("f:2:4: error: this byte is not UTF-8"));
    }
    EXPECT_EQ(problems_of("a: \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\n"), "");
}

// Case C04
TEST(YamlStrict, RefusesControlAndInvisibleCharacters) {
    using std::string_literals::operator""s;
    EXPECT_THAT(problems_of("a: \0b"s), HasSubstr("U+0000"));
    EXPECT_THAT(problems_of("a: \x1b[31m"), HasSubstr("U+001B"));
    // NOLINTNEXTLINE(misc-misleading-bidirectional): meant, and visible as an escape
    EXPECT_THAT(problems_of("a: \xe2\x80\xae"), HasSubstr("U+202E"));
    EXPECT_THAT(problems_of("a: \xe2\x80\x8b"), HasSubstr("U+200B"));
    EXPECT_THAT(problems_of("a: \xc2\x85"), HasSubstr("U+0085"));
    EXPECT_THAT(problems_of("a:\tb"), HasSubstr("f:1:3: error: tabs are not allowed"));
    EXPECT_THAT(problems_of("a: b\r\n"),
                HasSubstr("f:1:5: error: the line ends with a carriage return"));
    EXPECT_THAT(problems_of("\xef\xbb\xbf"), HasSubstr("byte order marks"));
    EXPECT_THAT(problems_of("\xff\xfe\x61"), HasSubstr("not UTF-8"));  // UTF-16
}

TEST(YamlStrict, ReportsOneHiddenCharacterInEveryLine) {
    EXPECT_EQ(problems_of("a:\tb\tc\nd: e\nf:\tg\n"),
              "f:1:3: error: tabs are not allowed; indent with spaces\n"
              "f:3:3: error: tabs are not allowed; indent with spaces\n");
}

// Case C03
TEST(YamlStrict, RefusesMoreThanAMebibyteAndTakesExactlyOne) {
    const std::string comment(kYamlBytesMax - 6, '#');
    EXPECT_EQ(problems_of("a: 1\n" + comment + "\n"), "");
    EXPECT_THAT(problems_of("a: 1\n" + comment + "#\n"), HasSubstr("larger than 1 MiB"));
}

// Case C01
TEST(YamlStrict, Takes32LevelsAndRefuses33) {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    EXPECT_EQ(problems_of(nested(kYamlDepthMax)), "");
    EXPECT_THAT(problems_of(nested(kYamlDepthMax + 1)), HasSubstr("nested deeper than 32 levels"));
}

// Case C01
TEST(YamlStrict, HostileNestingIsRefused) {
    std::string maps;
    std::string keys;
    std::string dashes;
    for (int i = 0; i < 20000; ++i) {
        maps += "{a: ";
        keys += "? ";
        dashes += "- ";
    }
    for (const std::string& text : {std::string(100000, '['), maps, keys, dashes}) {
        EXPECT_NE(problems_of(text), "");
    }
}

TEST(YamlStrict, KeepsNoMoreProblemsThanTheLimit) {
    std::string text;
    for (std::size_t i = 0; i < 2 * kProblemsMax; ++i) {
        text += "a: 1\n";
    }
    std::vector<Problem> problems;
    std::ignore = parse_yaml(text, problems);
    EXPECT_EQ(problems.size(), kProblemsMax);
    EXPECT_THAT(format_problems("f", problems), HasSubstr("f: and 950 more"));
}

// Else what follows it would count as valid.
TEST(YamlStrict, AnErrorBehindTooManyWarningsIsKept) {
    std::vector<Problem> problems;
    for (std::size_t i = 0; i <= kProblemsMax; ++i) {
        report(problems, {{}, "w", "", Severity::warning});
    }
    EXPECT_FALSE(has_errors(problems));
    report(problems, {{}, "e", "", Severity::error});
    EXPECT_EQ(problems.size(), kProblemsMax);
    EXPECT_TRUE(has_errors(problems));
}

// Case C06
TEST(YamlStrict, ADocumentMarkAtTheBeginningIsNoSecondDocument) {
    EXPECT_EQ(problems_of("--- # comment\na: 1\n...\n"), "");
    EXPECT_THAT(problems_of("a: 1\n--- \n"), HasSubstr("a second document begins here"));
    EXPECT_THAT(problems_of("a: 1\n" + std::string(500000, '#') + "\n---\nb: 1\n"),
                HasSubstr("f:4:1: error: a second document"));
}

}  // namespace
}  // namespace tollgate::policy

// SPDX-License-Identifier: MIT
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "policy/compile.hpp"
#include "policy/schema.hpp"
#include "policy/yaml_reader.hpp"
#include "policy/yaml_writer.hpp"

// Run from the root of the source tree.
namespace tollgate::policy {
namespace {

using std::filesystem::path;

std::string content(const path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<path> policies_in(const path& folder) {
    std::vector<path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".yaml") {
            files.push_back(entry.path());
        }
    }
    EXPECT_FALSE(files.empty()) << folder;
    return files;
}

/// The problems that a bad file announces: the lines "# expect: LINE:COLUMN: error: MESSAGE".
std::string expected_problems(const std::string& text) {
    constexpr std::string_view kMark = "# expect: ";
    std::istringstream lines(text);
    std::string expected;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(kMark)) {
            expected += "file:" + line.substr(kMark.size()) + "\n";
        }
    }
    return expected;
}

// Cases C02, C06, C07, C08
TEST(PolicyCorpus, EveryBadFileIsRefusedWithExactlyTheProblemsItAnnounces) {
    for (const path& file : policies_in("tests/support/policies/bad")) {
        const std::string text = content(file);
        const Reading reading = read_policy(text);
        EXPECT_FALSE(reading.policy) << file;
        EXPECT_EQ(format_problems("file", reading.problems), expected_problems(text)) << file;
    }
}

TEST(PolicyCorpus, EveryGoodFileIsReadAndCompiled) {
    for (const path& file : policies_in("tests/support/policies/good")) {
        const Reading reading = read_policy(content(file));
        ASSERT_TRUE(reading.policy) << format_problems(file.string(), reading.problems);
        EXPECT_TRUE(compile(*reading.policy, WallTime{})) << file;
    }
}

TEST(PolicyCorpus, EveryExampleIsReadWithoutAWarningAndCompiled) {
    for (const path& file : policies_in("examples/policies")) {
        const Reading reading = read_policy(content(file));
        ASSERT_TRUE(reading.policy) << format_problems(file.string(), reading.problems);
        EXPECT_THAT(format_problems(file.string(), reading.problems), testing::IsEmpty());
        EXPECT_TRUE(compile(*reading.policy, WallTime{})) << file;
    }
}

TEST(PolicyCorpus, EveryTruncationOfAFileIsReadOrRefusedWithAReason) {
    const std::string text = content("tests/support/policies/good/every_key.yaml");
    for (std::size_t length = 0; length < text.size(); ++length) {
        const Reading reading = read_policy(std::string_view(text).substr(0, length));
        EXPECT_NE(reading.policy.has_value(), has_errors(reading.problems)) << length;
    }
}

TEST(PolicyCorpus, EveryPolicyInTheDocumentationIsRead) {
    const std::string page = content("docs/policy.md");
    std::size_t policies = 0;
    for (std::size_t at = page.find("```yaml\n"); at != std::string::npos;
         at = page.find("```yaml\n", at + 1)) {
        const std::size_t begin = at + 8;
        const std::string text = page.substr(begin, page.find("```", begin) - begin);
        if (text.find("apiVersion:") == std::string::npos) {
            continue;  // a fragment
        }
        const Reading reading = read_policy(text);
        EXPECT_TRUE(reading.policy) << format_problems("docs/policy.md", reading.problems);
        ++policies;
    }
    EXPECT_GE(policies, 1U);
}

TEST(PolicyCorpus, TheSchemaInTheProgramIsTheOneInTheDocumentation) {
    EXPECT_EQ(policy_schema(), content("docs/policy.schema.json"));
}

}  // namespace
}  // namespace tollgate::policy

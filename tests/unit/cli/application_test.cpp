// SPDX-License-Identifier: MIT
#include "agent/cli/application.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <vector>

#include <gtest/gtest.h>

#include "agent/cli/text.hpp"

namespace tollgate::cli {
namespace {

struct Outcome {
    Exit exit = Exit::ok;
    std::string out;
    std::string err;
};

Outcome run_line(const std::vector<std::string>& arguments) {
    std::ostringstream out;
    std::ostringstream err;
    const Exit exit = run(arguments, out, err);
    return {exit, out.str(), err.str()};
}

/// The candidates for the last word, without descriptions.
std::vector<std::string> completed(std::vector<std::string> words) {
    words.insert(words.begin(), {"__complete", "--socket", "/nonexistent"});
    std::istringstream lines{run_line(words).out};
    std::vector<std::string> candidates;
    for (std::string line; std::getline(lines, line);) {
        candidates.push_back(line.substr(0, line.find('\t')));
    }
    return candidates;
}

using Texts = std::vector<std::string>;

TEST(Completion, OffersCommandsByTheirBeginning) {
    EXPECT_EQ(completed({"st"}), Texts{"status"});
    EXPECT_EQ(completed({"co"}), (Texts{"confirm", "completion"}));
    EXPECT_EQ(completed({"learn", "re"}), (Texts{"review", "reject"}));
}

TEST(Completion, OffersTheOptionsOfTheCommandAndTheGlobalOnes) {
    const Texts options = completed({"learn", "review", "-"});
    EXPECT_NE(std::ranges::find(options, "--all"), options.end());
    EXPECT_NE(std::ranges::find(options, "--output"), options.end());
    EXPECT_EQ(completed({"enforce", "--acc"}), Texts{"--accept-risk"});
}

TEST(Completion, OffersTheValuesOfAnOption) {
    EXPECT_EQ(completed({"status", "-o", "j"}), (Texts{"json", "jsonl"}));
    EXPECT_EQ(completed({"trace", "a", "b", "c", "--expect=p"}), Texts{"--expect=pass"});
    EXPECT_EQ(completed({"enforce", "--accept-risk", ""}), (Texts{"lose-session", "open"}));
}

TEST(Completion, DoesNotTakeAValueForACommand) {
    EXPECT_EQ(completed({"--color", "always", "stat"}), Texts{"status"});
    EXPECT_TRUE(completed({"--color", "status", "policy", "no-such"}).empty());
}

TEST(Completion, LeavesFilesToTheShell) {
    EXPECT_EQ(completed({"policy", "check", "x"}), Texts{":files"});
    EXPECT_EQ(completed({"simulate", "--pcap", ""}), Texts{":files"});
}

TEST(Completion, OffersInterfacesOfTheSystemWithoutAnAgent) {
    const Texts interfaces = completed({"observe", "--interface", "l"});
    EXPECT_NE(std::ranges::find(interfaces, "lo"), interfaces.end());
}

TEST(Completion, PrintsTheFileOfEachShell) {
    for (const char* shell : {"bash", "zsh", "fish"}) {
        const Outcome printed = run_line({"completion", shell});
        EXPECT_EQ(printed.exit, Exit::ok);
        EXPECT_NE(printed.out.find("__complete"), std::string::npos) << shell;
    }
    EXPECT_EQ(run_line({"completion", "csh"}).exit, Exit::usage);
}

TEST(Usage, HelpIsNoError) {
    EXPECT_EQ(run_line({"--help"}).exit, Exit::ok);
    EXPECT_EQ(run_line({"policy", "apply", "--help"}).exit, Exit::ok);
    EXPECT_EQ(run_line({"--version"}).out, "tollgate " TOLLGATE_VERSION "\n");
}

TEST(Usage, HelpFitsAHundredColumns) {
    for (const Texts& words : {Texts{"--help"},
                               Texts{"policy", "--help"},
                               Texts{"policy", "import", "mud", "--help"},
                               Texts{"tunnel", "--help"},
                               Texts{"--help-all"}}) {
        std::istringstream lines{run_line(words).out};
        for (std::string line; std::getline(lines, line);) {
            EXPECT_LE(columns(line), 100U) << line;
        }
    }
}

TEST(Usage, GlobalOptionsStandBeforeOrBehindTheCommand) {
    EXPECT_EQ(run_line({"--socket", "/nonexistent", "status"}).exit, Exit::unreachable);
    EXPECT_EQ(run_line({"status", "--socket", "/nonexistent"}).exit, Exit::unreachable);
}

TEST(Usage, AnUnknownWordIsNamedWithTheKnownOneThatItResembles) {
    const Outcome command = run_line({"policy", "aply"});
    EXPECT_EQ(command.exit, Exit::usage);
    EXPECT_NE(command.err.find("unknown command 'aply'; did you mean 'apply'?"), std::string::npos)
        << command.err;
    const Outcome option = run_line({"enforce", "--acept-risk=open"});
    EXPECT_EQ(option.exit, Exit::usage);
    EXPECT_NE(option.err.find("did you mean '--accept-risk'?"), std::string::npos) << option.err;
}

TEST(Usage, ASocketPathThatIsTooLongIsSaidToBe) {
    const Outcome result = run_line({"status", "--socket", std::string(200, 'x')});
    EXPECT_EQ(result.exit, Exit::unreachable);
    EXPECT_NE(result.err.find("File name too long"), std::string::npos) << result.err;
}

/// docs/cli.md must name every command, and in its section every option.
TEST(Documentation, NamesEveryCommandAndOption) {
    std::ifstream file{"docs/cli.md"};
    const std::string page{std::istreambuf_iterator<char>{file}, {}};
    ASSERT_FALSE(page.empty());
    std::istringstream tree{run_line({"__dump"}).out};
    for (std::string line; std::getline(tree, line);) {
        const std::size_t tab = line.find('\t');
        const std::string command = line.substr(0, tab);
        const std::size_t begin = page.find("\n### `" + command + "`\n");
        ASSERT_NE(begin, std::string::npos) << command;
        const std::string section = page.substr(begin, page.find("\n### `", begin + 1) - begin);
        std::istringstream names{line.substr(tab + 1, line.find('\t', tab + 1) - tab - 1)};
        for (std::string name; std::getline(names, name, ',');) {
            EXPECT_NE(section.find('`' + name), std::string::npos) << command << ' ' << name;
        }
    }
}

}  // namespace
}  // namespace tollgate::cli

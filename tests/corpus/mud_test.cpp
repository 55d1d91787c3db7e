// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "agent/exchange/mud_export.hpp"
#include "agent/exchange/mud_import.hpp"
#include "policy/compile.hpp"
#include "policy/yaml_reader.hpp"
#include "policy/yaml_writer.hpp"

namespace tollgate::exchange {
namespace {

namespace fs = std::filesystem;
using Kind = MudOutcome::Kind;

std::string content_of(const fs::path& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

MudImportOptions house() {
    MudImportOptions options;
    for (const char* const definition : {"local-networks=192.168.1.0/24,fe80::/10",
                                         "gateway=192.168.1.1,fe80::1",
                                         "dns=192.168.1.1",
                                         "my-controller=192.168.1.2,fd00::2"}) {
        EXPECT_TRUE(define(definition, options.definitions));
    }
    return options;
}

/// The MUD files of the corpus, each with the name of its device.
class MudFiles : public testing::Test {
  protected:
    void SetUp() override {
        const char* chosen = std::getenv("TOLLGATE_CORPUS");
        const fs::path folder = fs::path(chosen == nullptr ? "../shared/corpus" : chosen) / "mud";
        if (!fs::is_directory(folder)) {
            GTEST_SKIP() << folder << " is not there; TOLLGATE_CORPUS names the corpus";
        }
        for (const auto& file : fs::directory_iterator(folder)) {
            files.emplace(file.path().stem().string(), content_of(file.path()));
        }
        EXPECT_EQ(files.size(), 15U);
    }

    std::map<std::string, std::string> files;
};

TEST_F(MudFiles, EveryEntryIsInThePolicyOrNamedInADiagnostic) {
    std::map<Kind, std::size_t> totals;
    constexpr const char* kRow = "{:<20} {:>5} {:>6} {:>8} {:>9} {:>11}\n";
    std::cout << fmt::format(kRow, "", "ACEs", "rules", "answers", "baseline", "diagnostics");
    for (const auto& [device, text] : files) {
        const MudImport imported = import_mud(text, house());
        ASSERT_TRUE(imported.policy) << policy::format_problems(device, imported.problems, 9);
        std::map<Kind, std::size_t> counts;
        std::set<std::string> rules;
        for (const policy::Rule& rule : imported.policy->rules) {
            rules.insert(rule.name);
        }
        for (const MudOutcome& outcome : imported.outcomes) {
            ++counts[outcome.kind];
            if (outcome.kind == Kind::rule || outcome.kind == Kind::answers) {
                EXPECT_TRUE(rules.contains(outcome.by)) << device << " " << outcome.ace;
            }
        }
        std::size_t named = 0;
        for (const policy::Problem& problem : imported.problems) {
            named += problem.message.starts_with("ACE '") ? 1 : 0;
            std::cout << policy::format_problems(device, {&problem, 1});
        }
        EXPECT_EQ(named, counts[Kind::refused]) << device;
        std::cout << fmt::format(kRow,
                                 device,
                                 imported.outcomes.size(),
                                 counts[Kind::rule],
                                 counts[Kind::answers],
                                 counts[Kind::baseline],
                                 counts[Kind::refused]);
        for (const auto& [kind, count] : counts) {
            totals[kind] += count;
        }
    }
    std::cout << fmt::format(
        kRow,
        "together",
        totals[Kind::rule] + totals[Kind::answers] + totals[Kind::baseline] + totals[Kind::refused],
        totals[Kind::rule],
        totals[Kind::answers],
        totals[Kind::baseline],
        totals[Kind::refused]);
}

TEST_F(MudFiles, ThePolicyIsAFileThatReadsBackAndCompiles) {
    for (const auto& [device, text] : files) {
        const MudImport imported = import_mud(text, house());
        ASSERT_TRUE(imported.policy) << device;
        const auto reading = policy::read_policy(policy::write_policy(*imported.policy));
        ASSERT_TRUE(reading.policy) << policy::format_problems(device, reading.problems);
        EXPECT_EQ(*reading.policy, *imported.policy) << device;
        EXPECT_TRUE(policy::compile(*imported.policy, policy::WallTime{})) << device;
    }
}

TEST_F(MudFiles, WhatIsExportedIsImportedAsTheSamePolicyAndExportedAsTheSameText) {
    for (const auto& [device, text] : files) {
        const MudImport first = import_mud(text, house());
        ASSERT_TRUE(first.policy) << device;
        const Exported exported = export_mud(*first.policy, {});
        const MudImport second = import_mud(exported.text, house());
        ASSERT_TRUE(second.policy) << policy::format_problems(device, second.problems);
        EXPECT_EQ(policy::write_policy(*second.policy), policy::write_policy(*first.policy));
        EXPECT_EQ(*second.policy, *first.policy) << device;
        EXPECT_EQ(export_mud(*second.policy, {}).text, exported.text) << device;
    }
}

}  // namespace
}  // namespace tollgate::exchange

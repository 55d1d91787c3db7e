// SPDX-License-Identifier: MIT
#include "agent/audit/audit_log.hpp"

#include <csignal>
#include <fstream>
#include <iterator>

#include <sys/resource.h>
#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/disk_calls.hpp"
#include "tests/support/temporary_folder.hpp"

namespace tollgate::test {
namespace {

namespace fs = std::filesystem;
using agent::AuditLimits;
using agent::AuditLog;
using testing::HasSubstr;

std::string content(const fs::path& file) {
    std::ifstream stream{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{stream}, {}};
}

class AuditLogTest : public testing::Test {
  protected:
    [[nodiscard]] AuditLog open(AuditLimits limits = {}) const {
        auto log = AuditLog::open(folder(), clock_, limits);
        EXPECT_TRUE(log) << log.error().message();
        return std::move(*log);
    }
    [[nodiscard]] fs::path folder() const { return temporary_.path() / "audit"; }
    [[nodiscard]] std::vector<fs::path> files() const {
        return agent::audit_files(folder()).value();
    }

    /// The problem of the first line that is not in order; empty: there is none.
    [[nodiscard]] std::string problem(agent::AuditCheck& check) const {
        for (const fs::path& file : files()) {
            std::ifstream stream{file};
            for (std::string line; std::getline(stream, line);) {
                if (auto wrong = check.take(line)) {
                    return *wrong;
                }
            }
        }
        return {};
    }

    TemporaryFolder temporary_;
    agent::SystemClock clock_;
};

void note(AuditLog& log, int count) {
    for (int i = 0; i < count; ++i) {
        log.note({0, "uid 0", "enforce", "done", {{"i", std::to_string(i)}}});
    }
}

TEST_F(AuditLogTest, ItGoesOnWhereItEnded) {
    {
        AuditLog log = open();
        note(log, 3);
    }
    AuditLog log = open();
    EXPECT_EQ(log.head().sequence, 3U);
    note(log, 2);
    agent::AuditCheck check;
    EXPECT_EQ(problem(check), "");
    EXPECT_EQ(check.head(), log.head());
    EXPECT_EQ(check.head().sequence, 5U);
    EXPECT_EQ(files().size(), 1U);
    struct stat status {};
    ASSERT_EQ(::stat(files().front().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    ASSERT_EQ(::stat(folder().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

// A crash may leave any beginning of the last line; every 23rd is tried, for each is synced.
TEST_F(AuditLogTest, WhateverACrashLeavesOfARecordIsCutOffAndSaid) {
    AuditLog first = open();
    note(first, 2);
    const fs::path file = files().front();
    const std::string whole = content(file);
    const std::size_t second = whole.find('\n') + 1;
    for (std::size_t size = second; size < whole.size(); size += 23) {
        fs::resize_file(file, size);
        {
            AuditLog log = open();
            EXPECT_EQ(log.head().sequence, size == second ? 1U : 2U);
            EXPECT_EQ(log.warning(), "");
        }
        agent::AuditCheck check;
        EXPECT_EQ(problem(check), "") << size;
        EXPECT_EQ(content(file).find("audit-log/cut") != std::string::npos, size != second);
        std::ofstream{file, std::ios::trunc | std::ios::binary} << whole;
    }
}

// Where nothing is known of the last good record, the new file is the newest all the same.
TEST_F(AuditLogTest, AFullLogThatIsDamagedInItsFirstLineKeepsWhatIsWrittenNext) {
    const agent::AuditLimits limits{.file_bytes = 1, .files = 4};
    {
        AuditLog log = open(limits);
        note(log, 6);
    }
    auto before = files();
    ASSERT_EQ(before.size(), 4U);
    std::ofstream{before[2]} << "{}\n";
    AuditLog log = open(limits);
    note(log, 2);
    EXPECT_EQ(log.failures(), 0U);
    const auto after = files();
    ASSERT_EQ(after.size(), 4U);
    EXPECT_EQ(after[0], before[3]) << "the oldest go";
    EXPECT_THAT(content(after[1]), HasSubstr("audit-log/damaged"));
    EXPECT_THAT(content(after[2]), HasSubstr("enforce"));
    EXPECT_THAT(content(after[3]), HasSubstr("enforce"));
}

TEST_F(AuditLogTest, ADamagedLogStaysAsItIsAndANewFileFollowsItsLastGoodRecord) {
    {
        AuditLog log = open();
        note(log, 3);
    }
    const fs::path file = files().front();
    std::string text = content(file);
    text[text.find('\n') + 20] ^= 1;
    std::ofstream{file, std::ios::trunc | std::ios::binary} << text;

    AuditLog log = open();
    EXPECT_THAT(log.warning(), HasSubstr(file.string() + ":2: its hash does not fit it"));
    note(log, 1);
    ASSERT_EQ(files().size(), 2U);
    EXPECT_EQ(content(file), text);
    EXPECT_THAT(content(files().back()), HasSubstr(R"("sequence":2,)"));
    EXPECT_THAT(content(files().back()), HasSubstr("audit-log/damaged"));
    agent::AuditCheck check;
    EXPECT_THAT(problem(check), HasSubstr("was changed"));
}

TEST_F(AuditLogTest, ADamagedFirstLineDoesNotGetItsFileWrittenOver) {
    {
        AuditLog log = open();
        note(log, 1);
    }
    const fs::path file = files().front();
    std::ofstream{file, std::ios::trunc} << "nothing\n";
    AuditLog log = open();
    note(log, 1);
    EXPECT_EQ(content(file), "nothing\n");
    ASSERT_EQ(files().size(), 2U);
    EXPECT_EQ(files().front(), file);
}

TEST_F(AuditLogTest, AFullFileIsFollowedByAnotherAndTheOldestGoes) {
    AuditLog log = open({2000, 3});
    note(log, 40);
    EXPECT_EQ(files().size(), 3U);
    for (const fs::path& file : files()) {
        EXPECT_LE(fs::file_size(file), 2000U);
    }
    agent::AuditCheck check;
    EXPECT_EQ(problem(check), "");
    EXPECT_EQ(check.head(), log.head());
    EXPECT_GT(check.first(), 1U);
    AuditLog again = open({2000, 3});
    EXPECT_EQ(again.head(), log.head());
}

// The limit of this process for sizes of files stands for a full disk: half of a line is written.
// Case F05
TEST_F(AuditLogTest, WhatCannotBeWrittenIsCountedAndLeavesNoHalfLine) {
    AuditLog log = open();
    note(log, 2);
    const std::string before = content(files().front());
    const agent::AuditHead head = log.head();
    ASSERT_NE(std::signal(SIGXFSZ, SIG_IGN), SIG_ERR);
    rlimit unlimited{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &unlimited), 0);
    const rlimit full{before.size() + 40, unlimited.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
    note(log, 2);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &unlimited), 0);

    EXPECT_EQ(log.failures(), 2U);
    EXPECT_THAT(log.warning(), HasSubstr("2 records of the audit log could not be written"));
    EXPECT_EQ(content(files().front()), before);
    EXPECT_EQ(log.head(), head);
    note(log, 1);
    agent::AuditCheck check;
    EXPECT_EQ(problem(check), "");
    EXPECT_EQ(check.head().sequence, 3U);
}

TEST_F(AuditLogTest, WhereNoFolderCanBeMadeItCountsUntilOneCan) {
    std::ofstream{folder()} << "in the way";
    AuditLog log = open();
    note(log, 2);
    EXPECT_EQ(log.failures(), 2U);
    EXPECT_THAT(log.warning(), HasSubstr("2 records of the audit log could not be written"));
    fs::remove(folder());
    note(log, 1);
    EXPECT_EQ(log.failures(), 2U);
    agent::AuditCheck check;
    EXPECT_EQ(problem(check), "");
    EXPECT_EQ(check.head().sequence, 1U);
}

// As on a disk that has become read-only: a link in the place of the file is not written to.
TEST_F(AuditLogTest, AFileThatCanOnlyBeReadIsFollowedByAnother) {
    {
        AuditLog log = open();
        note(log, 2);
    }
    const fs::path file = files().front();
    fs::rename(file, temporary_.path() / "elsewhere");
    fs::create_symlink(temporary_.path() / "elsewhere", file);
    AuditLog log = open();
    EXPECT_EQ(log.head().sequence, 2U);
    note(log, 1);
    EXPECT_EQ(log.failures(), 0U);
    agent::AuditCheck check;
    EXPECT_EQ(problem(check), "");
    EXPECT_EQ(check.head().sequence, 3U);
    EXPECT_EQ(files().size(), 2U);
}

TEST_F(AuditLogTest, ARecordCountsWhenItIsOnTheDiskAndNotBefore) {
    AuditLog log = open();
    note(log, 2);
    const std::string before = content(files().front());
    const agent::AuditHead head = log.head();
    {
        DiskCalls calls;
        calls.sync_fails = true;
        note(log, 1);
        EXPECT_EQ(calls.seen.size(), 1U);
    }
    EXPECT_EQ(log.failures(), 1U);
    EXPECT_EQ(log.head(), head);
    EXPECT_EQ(content(files().front()), before);
    note(log, 1);
    EXPECT_EQ(log.head().sequence, 3U);
}

}  // namespace
}  // namespace tollgate::test

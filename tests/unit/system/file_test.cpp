// SPDX-License-Identifier: MIT
#include "agent/system/file.hpp"

#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/disk_calls.hpp"
#include "tests/support/temporary_folder.hpp"

namespace tollgate::agent {
namespace {

namespace fs = std::filesystem;

struct File : ::testing::Test {
    test::TemporaryFolder made;
    fs::path folder = made.path();
};

// Case C03
TEST_F(File, ReadsExactlyUpToTheLimit) {
    ASSERT_TRUE(write_file(folder / "a", "12345"));
    EXPECT_EQ(read_file(folder / "a", 5).value(), "12345");
    EXPECT_EQ(read_file(folder / "a", 4).error().code.value(), EFBIG);
}

TEST_F(File, ReadsAnEmptyFile) {
    ASSERT_TRUE(write_file(folder / "a", ""));
    EXPECT_EQ(read_file(folder / "a", 0).value(), "");
}

// Case C03
TEST_F(File, RefusesWhatIsNotARegularFile) {
    ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
    EXPECT_EQ(read_file(folder / "fifo", 10).error().code.value(), EINVAL);
    EXPECT_EQ(read_file("/dev/zero", 10).error().code.value(), EINVAL);
    EXPECT_EQ(read_file(folder, 10).error().code.value(), EISDIR);
    EXPECT_EQ(read_file(folder / "none", 10).error().code.value(), ENOENT);
}

TEST_F(File, ReplacesAFileAndLeavesNothingElse) {
    ASSERT_TRUE(write_file(folder / "a", "old", 0644));
    ASSERT_TRUE(write_file(folder / "a", "new", 0600));
    EXPECT_EQ(read_file(folder / "a", 10).value(), "new");
    EXPECT_EQ(fs::status(folder / "a").permissions(), fs::perms{0600});
    EXPECT_EQ(std::distance(fs::directory_iterator{folder}, fs::directory_iterator{}), 1);
}

// A crash at any moment leaves the old file or the new one, and after the last step the new one.
TEST_F(File, IsOnTheDiskBeforeItTakesItsNameAndTheNameBeforeItIsSaidToBeThere) {
    const test::DiskCalls calls;
    ASSERT_TRUE(write_file(folder / "a", "12345"));
    EXPECT_EQ(calls.seen, (std::vector<std::string>{"sync 5 bytes", "rename to a", "sync folder"}));
}

TEST_F(File, IsNotReplacedByOneThatTheDiskDoesNotTake) {
    ASSERT_TRUE(write_file(folder / "a", "old"));
    test::DiskCalls calls;
    calls.sync_fails = true;
    EXPECT_EQ(write_file(folder / "a", "new").error().code.value(), EIO);
    EXPECT_EQ(read_file(folder / "a", 10).value(), "old");
}

// Case F05
TEST_F(File, AFailedWriteLeavesTheOldFileAndNothingElse) {
    fs::create_directory(folder / "a");
    EXPECT_FALSE(write_file(folder / "a", "new"));
    EXPECT_TRUE(fs::is_directory(folder / "a"));
    EXPECT_EQ(std::distance(fs::directory_iterator{folder}, fs::directory_iterator{}), 1);
    EXPECT_EQ(write_file("/dev/full/x", "new").error().code.value(), ENOTDIR);
}

TEST_F(File, EntriesOfAFolderComeInTheirOrder) {
    fs::create_directory(folder / "c");
    ASSERT_TRUE(write_file(folder / "b", ""));
    ASSERT_TRUE(write_file(folder / ".a", ""));
    EXPECT_EQ(entries_of(folder).value(), (std::vector{folder / ".a", folder / "b", folder / "c"}));
}

TEST_F(File, EntriesOfWhatIsNoFolderAreAnError) {
    ASSERT_TRUE(write_file(folder / "a", ""));
    EXPECT_EQ(entries_of(folder / "a").error().code.value(), ENOTDIR);
    EXPECT_EQ(entries_of(folder / "b").error().code.value(), ENOENT);
}

TEST_F(File, MakesAFolderAndItsParents) {
    ASSERT_TRUE(make_folder(folder / "a/b", 0700));
    EXPECT_EQ(fs::status(folder / "a/b").permissions(), fs::perms{0700});
    EXPECT_TRUE(make_folder(folder / "a/b", 0755));
    EXPECT_EQ(fs::status(folder / "a/b").permissions(), fs::perms{0700});
    ASSERT_TRUE(write_file(folder / "file", ""));
    EXPECT_EQ(make_folder(folder / "file", 0700).error().code.value(), ENOTDIR);
}

}  // namespace
}  // namespace tollgate::agent

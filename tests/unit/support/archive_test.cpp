// SPDX-License-Identifier: MIT
#include "agent/support/archive.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "agent/support/command.hpp"
#include "agent/support/plain_file.hpp"
#include "tests/support/temporary_folder.hpp"

namespace tollgate::agent {
namespace {

using std::chrono::seconds;

TEST(Archive, IsWhatTarReads) {
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "x.tar.gz";
    const std::string odd(513, 'x');
    ASSERT_TRUE(
        write_archive(file, {{"a/one", "1\n"}, {"a/none", ""}, {"a/odd", odd}}, 1'795'262'400));
    const auto names = output_of({"tar", "-tzf", file.string()}, 4096, seconds{10});
    ASSERT_TRUE(names) << names.error().message();
    EXPECT_EQ(*names, "a/one\na/none\na/odd\n");
    EXPECT_EQ(output_of({"tar", "-xOzf", file.string(), "a/odd"}, 4096, seconds{10}).value(), odd);
}

TEST(Archive, IsForItsOwnerOnlyAndReplacesNothing) {
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "x.tar.gz";
    ASSERT_TRUE(write_archive(file, {{"a", "b"}}, 0));
    struct stat status {};
    ASSERT_EQ(::stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    EXPECT_EQ(write_archive(file, {{"a", "b"}}, 0).error().code.value(), EEXIST);
    std::filesystem::create_symlink(folder.path() / "elsewhere", folder.path() / "link");
    EXPECT_EQ(write_archive(folder.path() / "link", {{"a", "b"}}, 0).error().code.value(), EEXIST);
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "elsewhere"));
}

TEST(PlainFile, IsNotReadThroughALink) {
    const test::TemporaryFolder folder;
    std::ofstream{folder.path() / "file"} << "text";
    std::filesystem::create_symlink("file", folder.path() / "link");
    std::filesystem::create_directory_symlink(".", folder.path() / "way");
    const auto path = std::filesystem::canonical(folder.path());
    EXPECT_EQ(read_plain_file(path / "file", 4).value(), "text");
    EXPECT_EQ(read_plain_file(path / "file", 3).error().code.value(), EFBIG);
    EXPECT_EQ(read_plain_file(path / "link", 4).error().code.value(), ELOOP);
    EXPECT_EQ(read_plain_file(path / "way" / "file", 4).error().code.value(), ELOOP);
    EXPECT_EQ(read_plain_file(path, 4).error().code.value(), EINVAL);
}

TEST(Command, IsBoundedInTimeAndSize) {
    EXPECT_EQ(output_of({"echo", "abc"}, 2, seconds{10}).value(), "ab");
    EXPECT_EQ(output_of({"sleep", "10"}, 2, std::chrono::milliseconds{50}).error().code.value(),
              ETIMEDOUT);
    EXPECT_EQ(output_of({"false"}, 2, seconds{10}).error().code.value(), EPROTO);
    EXPECT_EQ(output_of({"no-such-program"}, 2, seconds{10}).error().code.value(), ENOENT);
}

}  // namespace
}  // namespace tollgate::agent

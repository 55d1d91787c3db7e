// SPDX-License-Identifier: MIT
#include "agent/system/folder_watch.hpp"

#include <filesystem>
#include <fstream>

#include <poll.h>

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.hpp"

namespace tollgate::agent {
namespace {

namespace fs = std::filesystem;

class FolderWatchTest : public testing::Test {
  protected:
    void write(const std::string& name, const std::string& text) {
        std::ofstream{folder.path() / name} << text;
    }
    void start() {
        auto created = FolderWatch::create(folder.path());
        ASSERT_TRUE(created) << created.error().message();
        watch.emplace(std::move(*created));
    }
    [[nodiscard]] bool is_readable() const {
        pollfd entry{watch->fd(), POLLIN, 0};
        return ::poll(&entry, 1, 0) == 1;
    }

    test::TemporaryFolder folder;
    std::optional<FolderWatch> watch;
};

TEST_F(FolderWatchTest, AFileThatIsWrittenRenamedOrRemovedIsAChangeOnce) {
    start();
    EXPECT_FALSE(watch->take());
    write("a", "1");
    EXPECT_TRUE(is_readable());
    EXPECT_TRUE(watch->take());
    EXPECT_FALSE(watch->take());
    fs::rename(folder.path() / "a", folder.path() / "b");
    EXPECT_TRUE(watch->take());
    fs::remove(folder.path() / "b");
    EXPECT_TRUE(watch->take());
    EXPECT_FALSE(is_readable());
}

TEST_F(FolderWatchTest, AFileThatIsStillBeingWrittenIsNone) {
    start();
    std::ofstream file{folder.path() / "a"};
    file << "half of it" << std::flush;
    EXPECT_FALSE(watch->take());
    file.close();
    EXPECT_TRUE(watch->take());
}

// Case C18
TEST_F(FolderWatchTest, TheSwapOfAConfigMapIsAChange) {
    fs::create_directory(folder.path() / "..1");
    fs::create_directory(folder.path() / "..2");
    fs::create_directory_symlink("..1", folder.path() / "..data");
    start();
    fs::create_directory_symlink("..2", folder.path() / "..data_tmp");
    EXPECT_FALSE(watch->take());
    fs::rename(folder.path() / "..data_tmp", folder.path() / "..data");
    EXPECT_TRUE(watch->take());
}

TEST_F(FolderWatchTest, AFolderMayComeLaterAndGo) {
    const fs::path late = folder.path() / "late";
    auto created = FolderWatch::create(late);
    ASSERT_TRUE(created);
    watch.emplace(std::move(*created));
    const int fd = watch->fd();
    EXPECT_FALSE(watch->retry());

    for (int i = 0; i < 2; ++i) {
        fs::create_directory(late);
        EXPECT_TRUE(watch->retry());
        EXPECT_FALSE(watch->retry());
        write("late/a", "1");
        EXPECT_TRUE(watch->take());
        fs::remove_all(late);
        EXPECT_TRUE(watch->take());
        EXPECT_FALSE(watch->take());
    }
    fs::create_directory(late);
    EXPECT_TRUE(watch->retry());
    EXPECT_EQ(watch->fd(), fd);
}

TEST_F(FolderWatchTest, AFolderThatWasMovedAwayIsNotFollowed) {
    const fs::path here = folder.path() / "here";
    fs::create_directory(here);
    auto created = FolderWatch::create(here);
    ASSERT_TRUE(created);
    fs::rename(here, folder.path() / "there");
    EXPECT_TRUE(created->take());
    EXPECT_FALSE(created->retry());
    write("there/a", "1");
    static_cast<void>(created->take());
    fs::create_directory(here);
    EXPECT_TRUE(created->retry());
    EXPECT_FALSE(created->take());
    write("here/a", "1");
    EXPECT_TRUE(created->take());
}

}  // namespace
}  // namespace tollgate::agent

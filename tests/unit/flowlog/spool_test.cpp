// SPDX-License-Identifier: MIT
#include "agent/flowlog/spool.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "agent/system/file.hpp"
#include "tests/support/temporary_folder.hpp"

namespace tollgate::agent {
namespace {

namespace fs = std::filesystem;

Batch batch(int number, std::size_t bytes = 100) {
    return {fmt::format("run-{:04}", number),
            static_cast<std::uint32_t>(number),
            std::string(bytes, 'x')};
}

const std::size_t kFrameBytes = encode_frame(batch(1)).size();

struct SpoolFolder : ::testing::Test {
    test::TemporaryFolder made;
    fs::path folder = made.path() / "spool";

    [[nodiscard]] Spool open(Spool::Limits limits = {}) const {
        return std::move(*Spool::open(folder, limits));
    }
    [[nodiscard]] std::vector<fs::path> files() const {
        std::vector<fs::path> paths{fs::directory_iterator{folder}, fs::directory_iterator{}};
        std::sort(paths.begin(), paths.end());
        return paths;
    }
};

std::string ids_of(Spool& spool) {
    std::string ids;
    while (const auto front = spool.front()) {
        ids += front->id.substr(front->id.size() - 1);
        spool.pop_front();
    }
    return ids;
}

TEST_F(SpoolFolder, GivesBatchesBackInOrderAndLeavesNothing) {
    Spool spool = open();
    EXPECT_TRUE(spool.empty());
    for (int number = 1; number <= 3; ++number) {
        ASSERT_TRUE(spool.append(batch(number)));
    }
    EXPECT_EQ(spool.records(), 6U);
    EXPECT_EQ(spool.front(), batch(1));
    EXPECT_EQ(spool.front(), batch(1)) << "until it is done";
    EXPECT_EQ(ids_of(spool), "123");
    EXPECT_EQ(spool.records(), 0U);
    EXPECT_EQ(spool.bytes(), 0U);
    EXPECT_TRUE(files().empty());
}

TEST_F(SpoolFolder, SurvivesItsOwnerWithWhatIsNotDone) {
    {
        Spool spool = open();
        for (int number = 1; number <= 3; ++number) {
            ASSERT_TRUE(spool.append(batch(number)));
        }
        spool.pop_front();
    }
    Spool spool = open();
    EXPECT_EQ(spool.records(), 5U);
    ASSERT_TRUE(spool.append(batch(4)));
    EXPECT_EQ(files().size(), 2U) << "an earlier run's file is not added to";
    EXPECT_EQ(ids_of(spool), "234");
    EXPECT_EQ(open().records(), 0U);
}

TEST_F(SpoolFolder, ATornWriteCostsThatBatchOnly) {
    ASSERT_TRUE(open().append(batch(1)));
    const std::string whole = *read_file(files().front(), 4096);
    for (std::size_t cut = 0; cut < kFrameBytes; ++cut) {
        const std::string torn = whole + whole.substr(0, cut);
        std::ofstream{folder / "000000000000.spool"} << torn;
        Spool spool = open();
        EXPECT_EQ(spool.damaged_bytes(), cut);
        ASSERT_TRUE(spool.append(batch(2)));
        EXPECT_EQ(ids_of(spool), "12") << cut;
    }
}

TEST_F(SpoolFolder, WhenItIsFullTheOldestFileGoesAndItsRecordsAreCounted) {
    Spool spool = open({.bytes = 6 * kFrameBytes, .file_bytes = 2 * kFrameBytes});
    for (int number = 1; number <= 6; ++number) {
        ASSERT_TRUE(spool.append(batch(number)));
    }
    EXPECT_EQ(files().size(), 3U);
    EXPECT_EQ(spool.lost(), 0U);
    ASSERT_TRUE(spool.append(batch(7)));
    EXPECT_EQ(spool.lost(), 1U + 2U);
    EXPECT_EQ(spool.dropped_files(), 1U);
    EXPECT_EQ(spool.records(), 3U + 4 + 5 + 6 + 7);
    EXPECT_LE(spool.bytes(), 6 * kFrameBytes);
    EXPECT_EQ(ids_of(spool), "34567");
}

TEST_F(SpoolFolder, RefusesABatchThatIsLargerThanAllOfIt) {
    Spool spool = open({.bytes = 1000, .file_bytes = 1000});
    ASSERT_TRUE(spool.append(batch(1)));
    EXPECT_EQ(spool.append(batch(2, 1000)).error().code.value(), EFBIG);
    EXPECT_EQ(ids_of(spool), "1");
}

TEST_F(SpoolFolder, AWriteThatFailsLeavesItAsItWas) {
    Spool spool = open({.bytes = std::size_t{1} << 20U, .file_bytes = 1});
    ASSERT_TRUE(spool.append(batch(1)));
    // A folder has the name of the next file.
    fs::create_directory(folder / "000000000001.spool");
    EXPECT_EQ(spool.append(batch(2)).error().code.value(), EISDIR);
    EXPECT_EQ(spool.records(), 1U);
    fs::remove(folder / "000000000001.spool");
    ASSERT_TRUE(spool.append(batch(3)));
    EXPECT_EQ(ids_of(spool), "13");
}

TEST_F(SpoolFolder, ABatchThatRotsOnDiskIsLostAndCounted) {
    Spool spool = open();
    ASSERT_TRUE(spool.append(batch(1)));
    ASSERT_TRUE(spool.append(batch(2)));
    std::string content = *read_file(files().front(), 4096);
    content[kFrameHeaderBytes + 20] = '?';
    std::ofstream{files().front(), std::ios::in} << content;
    EXPECT_EQ(ids_of(spool), "2");
    EXPECT_EQ(spool.lost(), 1U);
}

TEST_F(SpoolFolder, OtherFilesAreLeftAlone) {
    ASSERT_TRUE(open().append(batch(1)));
    ASSERT_TRUE(write_file(folder / "notes.txt", "mine"));
    ASSERT_TRUE(write_file(folder / "12x.spool", "mine"));
    Spool spool = open();
    EXPECT_EQ(ids_of(spool), "1");
    EXPECT_EQ(files().size(), 2U);
}

}  // namespace
}  // namespace tollgate::agent

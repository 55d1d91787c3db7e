// SPDX-License-Identifier: MIT
#include "agent/flowlog/json_file_sink.hpp"

#include <csignal>
#include <fstream>
#include <optional>

#include <sys/resource.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "agent/flowlog/record_json.hpp"
#include "tests/support/flow_log.hpp"
#include "tests/support/flow_log_lines.hpp"
#include "tests/support/temporary_folder.hpp"

namespace tollgate::agent {
namespace {

std::size_t line_bytes() {
    std::string line;
    append_json(line, test::connection());
    return line.size() + 1;
}
const std::size_t kLineBytes = line_bytes();

/// Files may have so many bytes while this lives; more is an error as on a full disk.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t bytes) {
        static_cast<void>(std::signal(SIGXFSZ, SIG_IGN));
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;
    ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

  private:
    rlimit before_{};
};

class JsonFileSinkTest : public testing::Test {
  protected:
    void write(std::size_t records) {
        const std::vector<FlowLogRecord> batch(records, test::connection());
        sink->write(batch);
    }
    void restart(std::uint64_t rotate_bytes = 1U << 20U) {
        sink.emplace(JsonFileOptions{path, rotate_bytes, 3});
    }
    void put(const std::string& text) const { std::ofstream{path, std::ios::app} << text; }
    [[nodiscard]] std::size_t lines(const std::string& suffix = "") const {
        return test::flow_log_lines(path.string() + suffix).size();
    }
    void SetUp() override { restart(); }

    test::TemporaryFolder folder;
    std::filesystem::path path = folder.path() / "log" / "flows.jsonl";
    std::optional<JsonFileSink> sink;
};

TEST_F(JsonFileSinkTest, AppendsLinesAndMakesTheFolder) {
    write(2);
    restart();
    write(1);
    EXPECT_EQ(lines(), 3U);
    EXPECT_EQ(sink->counters().written, 1U);
    EXPECT_EQ(std::filesystem::file_size(path), 3 * kLineBytes);
}

TEST_F(JsonFileSinkTest, ANewFileIsReadableByItsGroupAndNobodyElse) {
    const mode_t before = ::umask(0077);
    write(1);
    ::umask(before);
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0640U);
}

TEST_F(JsonFileSinkTest, MakesWayForANewFileBeforeALineWouldNotFit) {
    restart(3 * kLineBytes);
    write(3);
    EXPECT_FALSE(std::filesystem::exists(path.string() + ".1"));
    write(1);
    EXPECT_EQ(lines(), 1U);
    EXPECT_EQ(lines(".1"), 3U);
}

TEST_F(JsonFileSinkTest, KeepsAsManyOlderFilesAsItShould) {
    restart(3 * kLineBytes);
    write(3 * 5 + 1);  // one batch over five files
    EXPECT_EQ(sink->counters().written, 16U);
    EXPECT_EQ(lines(), 1U);
    for (const char* suffix : {".1", ".2", ".3"}) {
        EXPECT_EQ(lines(suffix), 3U) << suffix;
    }
    EXPECT_FALSE(std::filesystem::exists(path.string() + ".4"));
}

TEST_F(JsonFileSinkTest, WhatIsThereCountsForTheSizeOfTheFile) {
    write(2);
    restart(3 * kLineBytes);
    write(2);
    EXPECT_EQ(lines(), 1U);
    EXPECT_EQ(lines(".1"), 3U);
}

TEST_F(JsonFileSinkTest, GoesOnInTheSameFileIfItCannotBeRenamed) {
    restart(3 * kLineBytes);
    write(3);
    std::ofstream{path.string() + ".2"} << "older";
    std::filesystem::create_directories(path.string() + ".3/in the way");
    write(3);
    EXPECT_EQ(lines(), 6U);
    EXPECT_EQ(sink->counters().lost, 0U);
    EXPECT_EQ(sink->counters().errors, 1U);
    std::filesystem::remove_all(path.string() + ".3");
    sink->flush({});
    write(1);
    EXPECT_EQ(lines(), 1U);
    EXPECT_EQ(lines(".1"), 6U);
}

TEST_F(JsonFileSinkTest, CutsOffTheHalfLineOfACrash) {
    write(2);
    put(R"({"apiVersion":"tollgate/v1","kind":"FlowLog","time":"20)");
    restart();
    write(1);
    EXPECT_EQ(lines(), 3U);
}

TEST_F(JsonFileSinkTest, EveryBeginningOfALineIsCutOff) {
    write(1);
    const std::string line = R"({"apiVersion":"tollgate/v1","kind":"FlowLog","time":)";
    for (std::size_t size = 1; size <= line.size(); ++size) {
        put(line.substr(0, size));
        restart();
        write(1);
        ASSERT_EQ(lines(), size + 1) << size;
    }
}

TEST_F(JsonFileSinkTest, CutsNothingThatItHasNotWritten) {
    std::filesystem::create_directories(path.parent_path());
    put("a word of somebody else");
    write(1);
    std::ifstream file{path};
    std::string first;
    std::getline(file, first);
    EXPECT_EQ(first, "a word of somebody else");
    EXPECT_EQ(sink->counters().written, 1U);
}

// Case F05
TEST_F(JsonFileSinkTest, OnAFullDiskItCountsWhatIsLostAndGoesOnAfterwards) {
    {
        const FileSizeLimit limit{3 * kLineBytes + 50};
        write(5);
        EXPECT_EQ(lines(), 3U);  // and no part of another
        write(2);
    }
    EXPECT_EQ(sink->counters().written, 3U);
    EXPECT_EQ(sink->counters().lost, 4U);
    EXPECT_GE(sink->counters().errors, 1U);
    write(1);
    const auto all = test::flow_log_lines(path);
    ASSERT_EQ(all.size(), 5U);
    EXPECT_EQ(all[3].at("type"), "lost");
    EXPECT_EQ(all[3].at("lost").at("records"), 4U);
    EXPECT_EQ(all[4].at("type"), "interval");
    EXPECT_EQ(sink->counters().written, 4U);
}

TEST_F(JsonFileSinkTest, WithoutItsFolderEverythingIsLostUntilThereIsOne) {
    put("");
    std::filesystem::create_directories(folder.path());
    std::ofstream{path.parent_path()} << "no folder";
    write(2);
    EXPECT_EQ(sink->counters().lost, 2U);
    std::filesystem::remove(path.parent_path());
    write(1);
    EXPECT_EQ(lines(), 2U);  // one says how many were lost
}

TEST_F(JsonFileSinkTest, WhenTheFileIsMovedAwayANewOneBegins) {
    write(1);
    std::filesystem::rename(path, path.string() + ".old");
    write(1);  // still to the old one: nothing is lost
    sink->flush({});
    write(1);
    EXPECT_EQ(lines(".old"), 2U);
    EXPECT_EQ(lines(), 1U);
}

TEST_F(JsonFileSinkTest, NeitherFollowsALinkNorWaitsForThePipeAtItsPlace) {
    std::filesystem::create_directories(path.parent_path());
    std::filesystem::create_symlink(folder.path() / "elsewhere", path);
    write(1);
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "elsewhere"));
    std::filesystem::remove(path);
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    write(1);
    EXPECT_EQ(sink->counters().lost, 2U);
}

}  // namespace
}  // namespace tollgate::agent

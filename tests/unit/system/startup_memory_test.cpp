// SPDX-License-Identifier: MIT
#include "agent/system/startup_memory.hpp"

#include <cstdint>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace tollgate::test {
namespace {

// KiB of files that are in memory, or of anything else that /proc/self/status has.
long resident(const std::string& what) {
    std::ifstream status{"/proc/self/status"};
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(what + ":")) {
            return std::stol(line.substr(what.size() + 1));
        }
    }
    return -1;
}

TEST(StartupMemory, IsLessAfterwardsAndTheProgramGoesOn) {
    const std::string constant = "what is read again comes back";
    const long before = resident("RssFile");
    ASSERT_GT(before, 0);
    agent::give_back_startup_memory();
    EXPECT_LT(resident("RssFile"), before);
    EXPECT_EQ(constant, "what is read again comes back");
    agent::give_back_startup_memory();
}

class MovedClock final : public agent::Clock {
  public:
    [[nodiscard]] std::uint64_t boot_ns() const override { return now_ns; }
    [[nodiscard]] std::int64_t wall_ns() const override { return 0; }
    std::uint64_t now_ns = 7'000'000'000;
};

TEST(StartupMemory, IsGivenBackOnceWhenTheStartIsOver) {
    MovedClock clock;
    agent::StartupMemory memory{clock};
    EXPECT_FALSE(memory.tick());
    clock.now_ns += agent::StartupMemory::kStartNs - 1;
    EXPECT_FALSE(memory.tick());
    clock.now_ns += 1;
    EXPECT_TRUE(memory.tick());
    clock.now_ns += 10 * agent::StartupMemory::kStartNs;
    EXPECT_FALSE(memory.tick());
}

}  // namespace
}  // namespace tollgate::test

// SPDX-License-Identifier: MIT
#include "agent/core/options.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.hpp"

namespace tollgate::agent {
namespace {

class ReadOptions : public testing::Test {
  protected:
    ReadOptions() { std::ofstream{unreadable_} << "interfaces: [eth0\n"; }

    test::TemporaryFolder folder_;
    std::filesystem::path unreadable_ = folder_.path() / "tollgate.yaml";
};

TEST_F(ReadOptions, AnUnreadableConfigurationIsRefused) {
    const auto options = read_options({"--config", unreadable_.string()});
    ASSERT_FALSE(options);
    EXPECT_EQ(options.error().code, ExitCode::usage);
}

TEST_F(ReadOptions, CleaningUpNeedsNoReadableConfiguration) {
    const auto options =
        read_options({"--cleanup", "--config", unreadable_.string(), "--pin-dir", "/pins"});
    ASSERT_TRUE(options) << options.error().error.message();
    EXPECT_TRUE(options->cleanup);
    EXPECT_EQ(options->gate.pin_dir, "/pins");
}

}  // namespace
}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#include "agent/cli/screen.hpp"

#include <sstream>

#include <gtest/gtest.h>

namespace tollgate::cli {
namespace {

class ScreenTest : public testing::Test {
  protected:
    std::ostringstream out;
    Screen screen{out, Options{}};
};

TEST_F(ScreenTest, ALineThatFitsIsPrintedAsItIs) {
    const std::string line = "    " + std::string(Screen::kWidth - 4, 'x');
    screen.line(line);
    EXPECT_EQ(out.str(), line + "\n");
}

TEST_F(ScreenTest, ALineThatIsTooLongGoesOnUnderItsThirdColumn) {
    const std::string first = "+ " + std::string(Screen::kWidth - 4, 'x');
    screen.line(first + " more");
    EXPECT_EQ(out.str(), first + "\n  more\n");
}

}  // namespace
}  // namespace tollgate::cli

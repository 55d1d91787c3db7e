// SPDX-License-Identifier: MIT
#include "agent/cli/table.hpp"

#include <sstream>

#include <gtest/gtest.h>

namespace tollgate::cli {
namespace {

std::string printed(const Table& table, Options options = {}) {
    std::ostringstream out;
    options.color = options.color == "auto" ? "never" : options.color;
    Screen screen{out, options};
    table.print(screen);
    return out.str();
}

TEST(Table, AlignsColumnsByTheirWidestCell) {
    Table table{{{"NAME"}, {"N", Align::right}, {"NOTE"}}};
    table.row({{"a"}, {"1000"}, {"x"}});
    table.row({{"größe"}, {"1"}, {"y"}});
    EXPECT_EQ(printed(table), "NAME      N  NOTE\na      1000  x\ngröße     1  y\n");
}

TEST(Table, LeavesHeadersOutIfAskedTo) {
    Table table{{{"NAME"}, {"NOTE"}}};
    table.row({{"a"}, {"x"}});
    EXPECT_EQ(printed(table, {.no_headers = true}), "a  x\n");
}

TEST(Table, BreaksTheLastColumnUnderItself) {
    Table table{{{"NAME"}, {"NOTE"}}};
    table.row({{"a"}, {std::string(60, 'x') + " " + std::string(60, 'y')}});
    EXPECT_EQ(printed(table, {.no_headers = true}),
              "a  " + std::string(60, 'x') + "\n   " + std::string(60, 'y') + "\n");
}

TEST(Table, ShortensACellToTheLimitOfItsColumn) {
    Table table{{{"NAME", Align::left, 5}, {"NOTE"}}};
    table.row({{"abcdefgh"}, {"x"}});
    EXPECT_EQ(printed(table), "NAME   NOTE\n…efgh  x\n");
}

TEST(Table, CannotBePaintedByItsContent) {
    Table table{{{"NAME"}, {"NOTE"}}};
    table.row({{"\033[2J"}, {"\033]0;x\007"}});
    EXPECT_EQ(printed(table).find('\033'), std::string::npos);
}

TEST(Table, ColoursDoNotChangeTheColumns) {
    Table table{{{"A"}, {"B"}}};
    table.row({{"x", Tone::bad}, {"y"}});
    EXPECT_EQ(printed(table, {.no_headers = true, .color = "always"}), "\033[1;31mx\033[0m  y\n");
}

}  // namespace
}  // namespace tollgate::cli

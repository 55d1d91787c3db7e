// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/cli/screen.hpp"

namespace tollgate::cli {

enum class Align : std::uint8_t { left, right };

struct Column {
    std::string header;
    Align align = Align::left;
    std::size_t limit = Screen::kWidth;  ///< columns of the widest cell; longer ones are shortened
};

struct Cell {
    std::string text;
    Tone tone = Tone::plain;
};

/// Aligned columns, two spaces between them. Only the last one may be long: it is broken into lines
/// under itself, so that a row never exceeds the screen.
class Table {
  public:
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

    /// @pre as many cells as columns
    void row(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }
    [[nodiscard]] bool empty() const { return rows_.empty(); }
    void print(Screen& screen) const;

  private:
    [[nodiscard]] std::vector<std::size_t> widths(bool headers) const;

    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
};

}  // namespace tollgate::cli

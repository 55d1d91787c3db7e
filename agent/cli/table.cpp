// SPDX-License-Identifier: MIT
#include "agent/cli/table.hpp"

#include <algorithm>

namespace tollgate::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 12;  // of the last column

using Cells = std::vector<Cell>;
using Widths = std::vector<std::size_t>;

std::string padded(const Screen& screen, const Cell& cell, std::size_t width, Align align) {
    const std::size_t used = columns(printable(cell.text));
    const std::string space(width > used ? width - used : 0, ' ');
    const std::string text = screen.paint(cell.text, cell.tone);
    return align == Align::right ? space + text : text + space;
}

void print_row(Screen& screen,
               const std::vector<Column>& heads,
               const Cells& cells,
               const Widths& widths) {
    std::string row;
    std::size_t indent = 0;
    for (std::size_t i = 0; i + 1 < cells.size(); ++i) {
        const Cell cell{shortened(cells[i].text, heads[i].limit), cells[i].tone};
        row += padded(screen, cell, widths[i], heads[i].align) + std::string(kGap, ' ');
        indent += widths[i] + kGap;
    }
    const std::size_t room =
        std::max(Screen::kWidth - std::min(indent, Screen::kWidth), kNarrowest);
    const Cell& last = cells.back();
    for (const std::string& part : wrapped(printable(last.text), room)) {
        const bool right = heads.back().align == Align::right;
        row += right ? padded(screen, {part, last.tone}, widths.back(), Align::right)
                     : screen.paint(part, last.tone);
        row.erase(row.find_last_not_of(' ') + 1);
        screen.out() << row << '\n';
        row.assign(indent, ' ');
    }
}

}  // namespace

Widths Table::widths(bool headers) const {
    Widths all;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        std::size_t width = headers ? columns(columns_[i].header) : 0;
        for (const Cells& cells : rows_) {
            const std::size_t wanted = columns(printable(cells[i].text));
            width = std::max(width, std::min(wanted, columns_[i].limit));
        }
        all.push_back(width);
    }
    return all;
}

void Table::print(Screen& screen) const {
    const Widths widest = widths(screen.headers());
    if (screen.headers()) {
        Cells heads;
        for (const Column& column : columns_) {
            heads.push_back({column.header, Tone::strong});
        }
        print_row(screen, columns_, heads, widest);
    }
    for (const Cells& cells : rows_) {
        print_row(screen, columns_, cells, widest);
    }
}

}  // namespace tollgate::cli

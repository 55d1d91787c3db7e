// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cctype>
#include <numeric>

#include "agent/cli/text.hpp"
#include "agent/cli/watch_view.hpp"

namespace tollgate::cli::watch {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kLeastStretched = 8;

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return text;
}

std::size_t total(const std::vector<std::size_t>& widths) {
    const auto shown = static_cast<std::size_t>(
        std::count_if(widths.begin(), widths.end(), [](std::size_t width) { return width > 0; }));
    return std::accumulate(widths.begin(), widths.end(), std::size_t{0}) +
           (shown > 0 ? (shown - 1) * kGap : 0);
}

/// Narrows the columns whose text may be cut, the widest first.
void stretch_down(const Table& table, std::size_t width, std::vector<std::size_t>& widths) {
    while (total(widths) > width) {
        std::size_t widest = widths.size();
        for (std::size_t i = 0; i < widths.size(); ++i) {
            if (table.columns[i].stretches && widths[i] > kLeastStretched &&
                (widest == widths.size() || widths[i] > widths[widest])) {
                widest = i;
            }
        }
        if (widest == widths.size()) {
            return;
        }
        --widths[widest];
    }
}

}  // namespace

void keep_matching(Table& table, const std::string& filter) {
    const std::string wanted = lower(filter);
    std::erase_if(table.rows, [&](const Row& row) {
        return std::none_of(row.cells.begin(), row.cells.end(), [&](const Cell& cell) {
            return lower(cell.text).find(wanted) != std::string::npos;
        });
    });
}

void sort_by(Table& table, std::size_t column) {
    const bool number = table.columns.at(column).number;
    std::stable_sort(table.rows.begin(), table.rows.end(), [&](const Row& a, const Row& b) {
        const Cell& left = a.cells.at(column);
        const Cell& right = b.cells.at(column);
        return number ? left.number > right.number : left.text < right.text;
    });
}

std::vector<std::size_t> layout(const Table& table, std::size_t width) {
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        std::size_t widest = columns(table.columns[i].title);
        for (const Row& row : table.rows) {
            widest = std::max(widest, columns(printable(row.cells.at(i).text)));
        }
        widths.push_back(widest);
    }
    stretch_down(table, width, widths);
    while (total(widths) > width) {
        // The column of the highest rank; of equals the last.
        std::size_t least = widths.size();
        for (std::size_t i = 0; i < widths.size(); ++i) {
            if (widths[i] > 0 &&
                (least == widths.size() || table.columns[i].rank >= table.columns[least].rank)) {
                least = i;
            }
        }
        widths[least] = 0;
        if (std::all_of(widths.begin(), widths.end(), [](std::size_t one) { return one == 0; })) {
            widths[0] = width;
        }
    }
    return widths;
}

}  // namespace tollgate::cli::watch

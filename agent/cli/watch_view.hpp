// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/cli/screen.hpp"
#include "agent/cli/watch_model.hpp"

/// What `tollgate watch` shows of a model on a terminal of some size, and what keys do. Pure.
namespace tollgate::cli::watch {

/// A key that was pressed: a character, or one of these.
enum Key : std::int32_t {
    kUp = -1,
    kDown = -2,
    kPageUp = -3,
    kPageDown = -4,
    kHome = -5,
    kEnd = -6,
    kEnter = -7,
    kEscape = -8,
    kErase = -9,
    kTab = -10,
};

struct Line {
    std::string text;  ///< printable, as wide as the terminal at most
    Tone tone = Tone::plain;
    bool selected = false;

    bool operator==(const Line&) const = default;
};

struct Size {
    std::size_t columns = 80;
    std::size_t rows = 24;
};

class View {
  public:
    /// @return false: the user is done
    bool press(std::int32_t key);

    /// What came of the last attempt to ask the agent. While it pauses, the shown sample stays.
    void take(Sample sample);
    /// The agent does not answer; what was seen last stays.
    void miss(std::string reason) { problem_ = std::move(reason); }

    /// Exactly `size.rows` lines. Moves the selection into what there is.
    [[nodiscard]] std::vector<Line> render(const Size& size);

  private:
    /// The rows that are to be shown: filtered, sorted.
    [[nodiscard]] Table visible() const;
    void edit_filter(std::int32_t key);
    void move(std::int32_t key);
    [[nodiscard]] std::vector<Line> header() const;
    [[nodiscard]] Line footer() const;
    void render_table(const Table& table, const Size& size, std::vector<Line>& lines);
    static void render_help(std::vector<Line>& lines);
    [[nodiscard]] std::size_t& sort() { return sorts_.at(static_cast<std::size_t>(subject_)); }

    Sample before_;
    Sample now_;
    bool has_before_ = false;
    bool has_now_ = false;
    std::string problem_ = "waiting for the agent";
    Subject subject_ = Subject::flows;
    std::array<std::size_t, kSubjects> sorts_{};  ///< 0: as sampled; else a column, from 1
    std::string filter_;
    bool filtering_ = false;
    bool paused_ = false;
    bool details_ = false;
    bool help_ = false;
    std::size_t selected_ = 0;
    std::size_t first_ = 0;  ///< row at the top
    std::size_t page_ = 1;   ///< rows on a page
};

/// Rows in which some cell holds `filter`, in whatever case. "": all
void keep_matching(Table& table, const std::string& filter);
/// By one column: numbers from the largest, texts from A; equal ones stay as they are.
void sort_by(Table& table, std::size_t column);
/// The width of each column, two spaces between them; 0: it is left out. Never wider than `width`.
[[nodiscard]] std::vector<std::size_t> layout(const Table& table, std::size_t width);

}  // namespace tollgate::cli::watch

// SPDX-License-Identifier: MIT
#include "agent/cli/watch_view.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "agent/cli/text.hpp"

namespace tollgate::cli::watch {
namespace {

constexpr std::size_t kFilterMax = 64;

Line fitted(std::string_view text, std::size_t width, Tone tone = Tone::plain) {
    std::string line = printable(text);
    while (columns(line) > width && !line.empty()) {
        do {
            line.pop_back();
        } while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xc0U) == 0x80U);
        if (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xc0U) == 0xc0U) {
            line.pop_back();  // the first byte of what was cut
        }
    }
    return {std::move(line), tone, false};
}

std::string padded(const std::string& text, std::size_t width, bool right) {
    const std::string shown = shortened(printable(text), width);
    const std::string space(width - std::min(width, columns(shown)), ' ');
    return right ? space + shown : shown + space;
}

std::string row_text(const Table& table,
                     const std::vector<std::size_t>& widths,
                     const std::vector<Cell>* cells) {
    std::string line;
    bool first = true;
    for (std::size_t i = 0; i < widths.size(); ++i) {
        if (widths[i] > 0) {
            line += first ? "" : "  ";
            line += padded(cells == nullptr ? table.columns[i].title : cells->at(i).text,
                           widths[i],
                           table.columns[i].number);
            first = false;
        }
    }
    return line;
}

Tone tone_of_stage(const std::string& stage) {
    if (stage == "enforce") {
        return Tone::good;
    }
    return stage == "open" ? Tone::bad : Tone::warn;
}

}  // namespace

void View::take(Sample sample) {
    problem_.clear();
    if (paused_) {
        return;
    }
    before_ = std::move(now_);
    has_before_ = has_now_;
    now_ = std::move(sample);
    has_now_ = true;
}

void View::edit_filter(std::int32_t key) {
    if (key == kEnter || key == kEscape) {
        filtering_ = false;
        filter_ = key == kEscape ? "" : filter_;
    } else if (key == kErase) {
        filter_.resize(filter_.size() - std::min<std::size_t>(filter_.size(), 1));
    } else if (key >= ' ' && key <= '~' && filter_.size() < kFilterMax) {
        filter_ += static_cast<char>(key);
    }
    selected_ = 0;
}

void View::move(std::int32_t key) {
    const std::size_t step = key == kUp || key == kDown ? 1 : page_;
    switch (key) {
        case kUp:
        case kPageUp:
            selected_ -= std::min(selected_, step);
            break;
        case kDown:
        case kPageDown:
            selected_ += step;
            break;
        case kHome:
            selected_ = 0;
            break;
        case kEnd:
            selected_ = visible().rows.size();
            break;
        default:
            break;
    }
}

bool View::press(std::int32_t key) {
    if (filtering_) {
        edit_filter(key);
        return true;
    }
    if (help_) {
        help_ = false;
        return key != 'q';
    }
    switch (key) {
        case 'q':
            return false;
        case 's':
            sort() = (sort() + 1) % (visible().columns.size() + 1);
            break;
        case '/':
            filtering_ = true;
            break;
        case 'd':
        case kEnter:
            details_ = !details_;
            break;
        case 'p':
            paused_ = !paused_;
            break;
        case '?':
            help_ = true;
            break;
        case kTab:
            subject_ = static_cast<Subject>((static_cast<std::size_t>(subject_) + 1) % kSubjects);
            selected_ = 0;
            break;
        case kEscape:
            filter_.clear();
            details_ = false;
            break;
        default:
            move(key);
    }
    return true;
}

Table View::visible() const {
    Table table = table_of(subject_, has_before_ ? &before_ : nullptr, now_);
    keep_matching(table, filter_);
    if (const std::size_t column = sorts_.at(static_cast<std::size_t>(subject_)); column > 0) {
        sort_by(table, column - 1);
    }
    return table;
}

std::vector<Line> View::header() const {
    std::vector<Line> lines;
    if (!problem_.empty()) {
        lines.push_back(
            {has_now_ ? "agent not reachable, trying again: " + problem_ : problem_, Tone::bad});
    } else {
        lines.push_back({fmt::format("policy {}, generation {}{}",
                                     now_.policy.empty() ? "(none)" : now_.policy,
                                     now_.generation,
                                     now_.open ? ", OPEN: everything passes" : ""),
                         now_.open ? Tone::bad : Tone::strong});
    }
    std::string stages;
    Tone tone = Tone::good;
    for (const Stage& stage : now_.stages) {
        stages +=
            fmt::format("{}{} {}", stages.empty() ? "stage " : ", ", stage.interface, stage.stage);
        tone = stage.stage == "enforce" ? tone : tone_of_stage(stage.stage);
    }
    lines.push_back({stages, tone});
    if (!now_.pending.empty()) {
        lines.push_back(
            {fmt::format(
                 "PENDING {} reverts at {} unless: tollgate confirm", now_.pending, now_.deadline),
             Tone::warn});
    }
    return lines;
}

Line View::footer() const {
    if (filtering_) {
        return {"/" + filter_ + "_   Enter keeps it, Esc gives it up", Tone::strong};
    }
    return {std::string{paused_ ? "PAUSED  " : ""} +
                (filter_.empty() ? "" : "filter " + filter_ + "  ") +
                "q quit  Tab next table  s sort  / filter  d details  p pause  ? help",
            Tone::dim};
}

void View::render_help(std::vector<Line>& lines) {
    for (const char* text :
         {"q           quit",
          "Tab         flows, drops by reason, top sources of drops, tunnel peers",
          "s           sort by the next column; the marked one; at the end as sampled",
          "/           show only rows with this text; Esc shows all",
          "d, Enter    details of the selected row, and back",
          "p           pause: what is shown stays; go on",
          "arrows, PgUp, PgDn, Home, End   select a row",
          "",
          "Rates are those of the last second. Any key goes back."}) {
        lines.push_back({text, Tone::plain});
    }
}

void View::render_table(const Table& table, const Size& size, std::vector<Line>& lines) {
    std::string title = fmt::format("{} ({})", table.title, table.rows.size());
    if (const std::size_t column = sort(); column > 0) {
        title += ", sorted by " + table.columns.at(column - 1).title;
    }
    lines.push_back({title, Tone::strong});
    const auto widths = layout(table, size.columns);
    lines.push_back({row_text(table, widths, nullptr), Tone::dim});
    const std::size_t used = lines.size() + 1;  // and the footer
    page_ = size.rows > used ? size.rows - used : 1;
    selected_ = std::min(selected_, table.rows.empty() ? 0 : table.rows.size() - 1);
    first_ = std::min(first_, selected_);
    first_ = selected_ >= first_ + page_ ? selected_ - page_ + 1 : first_;
    for (std::size_t i = first_; i < std::min(first_ + page_, table.rows.size()); ++i) {
        lines.push_back(
            {row_text(table, widths, &table.rows[i].cells), Tone::plain, i == selected_});
    }
    if (table.rows.empty()) {
        lines.push_back({filter_.empty() ? "none" : "none with " + filter_, Tone::dim});
    }
}

std::vector<Line> View::render(const Size& size) {
    std::vector<Line> lines = header();
    const Table table = visible();
    if (help_) {
        render_help(lines);
    } else if (details_ && selected_ < table.rows.size()) {
        lines.push_back({"details", Tone::strong});
        for (const std::string& text : table.rows[selected_].details) {
            lines.push_back({text, Tone::plain});
        }
    } else {
        render_table(table, size, lines);
    }
    lines.resize(size.rows > 0 ? size.rows - 1 : 0);
    lines.push_back(footer());
    lines.resize(size.rows);
    for (Line& line : lines) {
        const bool selected = line.selected;
        line = fitted(line.text, size.columns, line.tone);
        line.selected = selected;
    }
    return lines;
}

}  // namespace tollgate::cli::watch

// SPDX-License-Identifier: MIT
#include "agent/cli/watch_window.hpp"

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <unistd.h>

#define NCURSES_NOMACROS 1
#include <ncurses.h>

namespace tollgate::cli::watch {
namespace {

constexpr int kTenthOfASecond = 100;
constexpr int kEscapeDelayMs = 25;
constexpr std::int32_t kBackspace = 8;
constexpr std::int32_t kDelete = 127;
constexpr std::int32_t kEscapeCharacter = 27;

struct KeyCode {
    int code;
    std::int32_t key;
};
constexpr KeyCode kKeys[]{{KEY_UP, kUp},
                          {KEY_DOWN, kDown},
                          {KEY_PPAGE, kPageUp},
                          {KEY_NPAGE, kPageDown},
                          {KEY_HOME, kHome},
                          {KEY_END, kEnd},
                          {KEY_ENTER, kEnter},
                          {'\n', kEnter},
                          {'\r', kEnter},
                          {'\t', kTab},
                          {KEY_BACKSPACE, kErase},
                          {kBackspace, kErase},
                          {kDelete, kErase},
                          {kEscapeCharacter, kEscape}};

/// Numbers of colour pairs.
constexpr short kGood = 1;
constexpr short kBad = 2;
constexpr short kWarn = 3;

attr_t of_pair(short pair) {
    return static_cast<attr_t>(COLOR_PAIR(pair));
}

attr_t attributes_of(Tone tone) {
    switch (tone) {
        case Tone::plain:
            return A_NORMAL;
        case Tone::strong:
            return A_BOLD;
        case Tone::good:
            return of_pair(kGood);
        case Tone::bad:
            return A_BOLD | of_pair(kBad);
        case Tone::warn:
            return of_pair(kWarn);
        case Tone::dim:
            return A_DIM;
    }
    return A_NORMAL;
}

}  // namespace

struct Window::Terminal {
    SCREEN* screen;
    WINDOW* window;  ///< all of the screen
    bool color;
};

void Window::Close::operator()(Terminal* terminal) const {
    ::endwin();
    ::delscreen(terminal->screen);
    delete terminal;  // NOLINT(cppcoreguidelines-owning-memory): of a unique_ptr
}

Result<Window> Window::open(bool color) {
    const char* type = std::getenv("TERM");
    const std::string_view name = type == nullptr ? "" : type;
    if (::isatty(STDOUT_FILENO) == 0 || ::isatty(STDIN_FILENO) == 0) {
        return failure("watch needs a terminal to show and to type on");
    }
    if (name.empty() || name == "dumb") {
        return failure("this terminal cannot be drawn on (TERM=" + std::string{name} + ")");
    }
    static_cast<void>(std::setlocale(LC_CTYPE, ""));  // without it, ASCII
    SCREEN* screen = ::newterm(nullptr, stdout, stdin);
    if (screen == nullptr) {
        return failure("nothing is known of this terminal (TERM=" + std::string{name} + ")");
    }
    std::unique_ptr<Terminal, Close> terminal{new Terminal{screen, stdscr, false}};
    ::set_escdelay(kEscapeDelayMs);
    ::cbreak();
    ::noecho();
    ::keypad(terminal->window, true);
    ::wtimeout(terminal->window, kTenthOfASecond);
    ::curs_set(0);
    if (color && ::has_colors() && ::start_color() == OK && ::use_default_colors() == OK) {
        ::init_pair(kGood, COLOR_GREEN, -1);
        ::init_pair(kBad, COLOR_RED, -1);
        ::init_pair(kWarn, COLOR_YELLOW, -1);
        terminal->color = true;
    }
    return Window{std::move(terminal)};
}

std::optional<std::int32_t> Window::key() const {
    const int code = ::wgetch(terminal_->window);
    for (const KeyCode& known : kKeys) {
        if (known.code == code) {
            return known.key;
        }
    }
    return code >= ' ' && code <= '~' ? std::optional<std::int32_t>{code} : std::nullopt;
}

Size Window::size() const {
    return {static_cast<std::size_t>(::getmaxx(terminal_->window)),
            static_cast<std::size_t>(::getmaxy(terminal_->window))};
}

void Window::draw(const std::vector<Line>& lines) const {
    ::werase(terminal_->window);
    int row = 0;
    for (const Line& line : lines) {
        attr_t attributes = attributes_of(line.tone);
        if (!terminal_->color) {
            attributes &= ~static_cast<attr_t>(A_COLOR);
        }
        ::wattrset(terminal_->window,
                   static_cast<int>(line.selected ? attributes | A_REVERSE : attributes));
        ::mvwaddnstr(
            terminal_->window, row, 0, line.text.data(), static_cast<int>(line.text.size()));
        ++row;
    }
    ::wattrset(terminal_->window, A_NORMAL);
    ::wrefresh(terminal_->window);
}

}  // namespace tollgate::cli::watch

// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

#include "agent/cli/options.hpp"
#include "agent/cli/text.hpp"

namespace tollgate::cli {

/// What a text means. Colour only repeats what the words say.
enum class Tone : std::uint8_t { plain, strong, good, bad, warn, dim };

/// Where answers for people go: text of at most 96 columns.
class Screen {
  public:
    static constexpr std::size_t kWidth = 96;

    Screen(std::ostream& out, const Options& options);

    /// `text` made printable, in the colour of its tone if the terminal wants colour.
    [[nodiscard]] std::string paint(std::string_view text, Tone tone) const;
    /// One line, or more if it is too long: the others begin under its third column.
    void line(std::string_view text = "", Tone tone = Tone::plain);
    /// "label     text", the text broken into lines under itself.
    void field(std::string_view label, std::string_view text, Tone tone = Tone::plain);
    /// The step that people take next: "next: tollgate confirm". Left out with --no-headers.
    void next(std::string_view command);

    [[nodiscard]] std::ostream& out() { return out_; }
    [[nodiscard]] bool headers() const { return headers_; }
    /// The present, or SOURCE_DATE_EPOCH if that is set (reproducible output).
    [[nodiscard]] WallTime now() const { return now_; }
    /// "3m ago" for a time of the control API; "" for none.
    [[nodiscard]] std::string since(std::string_view time) const;

  private:
    std::ostream& out_;
    bool color_;
    bool headers_;
    WallTime now_;
};

}  // namespace tollgate::cli

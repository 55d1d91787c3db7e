// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/cli/watch_view.hpp"

namespace tollgate::cli::watch {

/// The terminal while `tollgate watch` has it. It is given back when this ends, in whatever way.
class Window {
  public:
    /// @return why this terminal cannot show windows
    [[nodiscard]] static Result<Window> open(bool color);

    /// Waits for a key, for a tenth of a second. @return nothing: none, or the size has changed
    [[nodiscard]] std::optional<std::int32_t> key() const;
    [[nodiscard]] Size size() const;
    void draw(const std::vector<Line>& lines) const;

  private:
    struct Terminal;
    struct Close {
        void operator()(Terminal* terminal) const;
    };
    explicit Window(std::unique_ptr<Terminal, Close> terminal) : terminal_{std::move(terminal)} {}

    std::unique_ptr<Terminal, Close> terminal_;
};

}  // namespace tollgate::cli::watch

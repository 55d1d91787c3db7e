// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "policy/problem.hpp"

/// What a YAML parser finds in a text, one thing after the other. The parser may run in another
/// process: nothing is believed of the order of its events.
namespace tollgate::policy {

struct YamlEvent {
    enum class Kind : std::uint8_t {
        null,
        alias,
        scalar,
        list_begin,
        list_end,
        map_begin,
        map_end,
        document_end,
    };
    static constexpr auto kLastKind = Kind::document_end;

    Kind kind = Kind::null;
    Mark mark;                 ///< not of the ends
    bool anchor = false;       ///< it has one (&name)
    std::string_view tag{};    ///< "", "?" or "!" (in quotes) if the text has none
    std::string_view value{};  ///< of a scalar
};

/// Takes events as they come. @return false: no more, please
using YamlSink = std::function<bool(const YamlEvent&)>;

/// Parses the first two documents of `text` at most.
/// @return why it could not go on: wrong syntax, or the parser's own failure
using YamlParser = std::function<std::optional<Problem>(std::string_view text, const YamlSink&)>;

/// yaml-cpp, in this process. Never throws.
[[nodiscard]] std::optional<Problem> parse_yaml_here(std::string_view text, const YamlSink& sink);

}  // namespace tollgate::policy

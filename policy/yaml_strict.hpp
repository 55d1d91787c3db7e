// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/problem.hpp"
#include "policy/yaml_events.hpp"

/// The small, unambiguous part of YAML that our files are written in: maps with distinct text keys,
/// lists and scalars in a single document. No anchors, aliases, tags, merge keys or directives.
namespace tollgate::policy {

inline constexpr std::size_t kYamlBytesMax = std::size_t{1} << 20;
/// Of tollgate.yaml, in which tunnels have 10,000 peers and more.
inline constexpr std::size_t kConfigBytesMax = 8 * kYamlBytesMax;
inline constexpr std::size_t kYamlDepthMax = 32;

struct YamlEntry;

/// One node of the document, with the place where it begins.
struct YamlNode {
    enum class Kind : std::uint8_t { null, scalar, list, map };

    Kind kind = Kind::null;
    Mark mark;
    std::string text;                ///< of a scalar
    bool plain = false;              ///< a scalar without quotes: may be a number or a truth value
    std::vector<YamlNode> items;     ///< of a list
    std::vector<YamlEntry> entries;  ///< of a map, in the order of the file; keys are distinct
};

struct YamlEntry {
    std::string key;
    Mark mark;
    YamlNode value;
};

/// Parses `text`. Never throws. All violations that can be told apart are appended to `problems`:
/// more than `bytes_max` bytes, bytes that are not UTF-8, control and bidirectional characters,
/// tabs, carriage returns, duplicate or non-text keys, anchors, aliases, tags, merge keys,
/// directives, a second document, more than kYamlDepthMax levels. What is left of the document is
/// returned even then, so that the caller can report more; nothing, if there is none or its syntax
/// is broken. @param parser may run elsewhere
[[nodiscard]] std::optional<YamlNode> parse_yaml(std::string_view text,
                                                 std::vector<Problem>& problems,
                                                 std::size_t bytes_max = kYamlBytesMax,
                                                 const YamlParser& parser = parse_yaml_here);

}  // namespace tollgate::policy

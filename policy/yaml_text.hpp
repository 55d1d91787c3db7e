// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/problem.hpp"
#include "policy/yaml_strict.hpp"

namespace tollgate::policy {

/// Reports bytes that are not UTF-8, characters that are invisible or change the reading direction
/// (control, bidirectional and zero-width characters, byte order marks), tabs, carriage returns,
/// and YAML directives. Stops at the first in each line.
void check_text(std::string_view text, std::vector<Problem>& problems);

/// Reports the same characters where escapes in quotes ("\u202e") have put them into a scalar or
/// key.
void check_scalars(const YamlNode& root, std::vector<Problem>& problems);

/// The text with every such character, and every line break, replaced by '?': for comments.
[[nodiscard]] std::string one_visible_line(std::string_view text);

}  // namespace tollgate::policy

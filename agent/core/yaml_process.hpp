// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/yaml_events.hpp"

namespace tollgate::agent {

/// A process that parses one text by yaml-cpp and ends: it can read and write one socket, and
/// nothing else.
inline constexpr auto kYamlRole = "yaml";

/// A policy::YamlParser: has a process of its own parse the text. Waits for it, for seconds at
/// most. Thread-safe.
/// @return also: the process could not be confined, died, took too long, or answered nonsense
[[nodiscard]] std::optional<policy::Problem> parse_yaml_apart(std::string_view text,
                                                              const policy::YamlSink& sink);

/// What the process does. @param arguments how many seconds of CPU time it has
/// @return its exit code
[[nodiscard]] int run_yaml(const std::vector<std::string>& arguments);

/// Who parses the agent's policies and its configuration: policy::parse_yaml_here until somebody
/// else is set, before any thread starts.
void set_yaml_parser(policy::YamlParser parser);
[[nodiscard]] const policy::YamlParser& yaml_parser();

}  // namespace tollgate::agent

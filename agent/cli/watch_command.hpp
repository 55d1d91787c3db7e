// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>

#include "agent/cli/cli.hpp"

namespace tollgate::cli {

void add_watch_command(CLI::App& app, Cli& cli);  ///< watch

}  // namespace tollgate::cli

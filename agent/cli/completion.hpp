// SPDX-License-Identifier: MIT
#pragma once

#include <ostream>
#include <span>
#include <string>

#include <CLI/CLI.hpp>

namespace tollgate::cli {

/// What the shells' completion files call: `tollgate __complete WORD…`, the last word being the
/// one that is typed, maybe empty. Prints a candidate a line, with a tab and its description behind
/// it; ":files" if the shell is to complete file names.
void complete(const CLI::App& app, std::span<const std::string> words, std::ostream& out);

/// `tollgate __dump`: every command and option of the tree, "COMMAND<tab>OPTION<tab>DESCRIPTION" a
/// line; the option is empty for the command itself. Documentation is tested against it.
void dump(const CLI::App& app, std::ostream& out);

}  // namespace tollgate::cli

// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "agent/cli/options.hpp"

namespace tollgate::cli {

/// Where the words of a command line lead in the command tree. Unlike a parse it never fails, and
/// takes lines that are not finished.
struct Position {
    explicit Position(const CLI::App& app) : commands{&app} {}

    std::vector<const CLI::App*> commands;  ///< from the root down; never empty
    const CLI::Option* awaits = nullptr;    ///< the option whose value comes next
    std::size_t positionals = 0;            ///< given to the last command
    bool only_positionals = false;          ///< "--" was given
    Options options;                        ///< --socket, as given so far
    std::string unknown_option;             ///< the first that no command has

    void step(const std::string& word);

    /// Options of the last command, and those of its parents that it takes, too.
    [[nodiscard]] std::vector<const CLI::Option*> all_options() const;
    /// By "-o" or "--output"; null: there is none.
    [[nodiscard]] const CLI::Option* find_option(const std::string& name) const;

  private:
    void step_option(const std::string& word);
    void remember(const std::string& option, const std::string& value);
};

/// Says of a line that was refused which word is no command or option of ours, and which was
/// probably meant: "unknown command 'stat'; did you mean 'status'?". Empty: all are known.
[[nodiscard]] std::string explain_unknown(const CLI::App& app, std::span<const std::string> words);

/// Says of a line that ends too early which commands could come next: "a command is missing after
/// 'tollgate policy': check, show, …". Empty: it may end there.
[[nodiscard]] std::string explain_missing(const CLI::App& app, std::span<const std::string> words);

/// Where a line leads, as it is written: "tollgate policy show".
[[nodiscard]] std::string command_of(const CLI::App& app, std::span<const std::string> words);

}  // namespace tollgate::cli

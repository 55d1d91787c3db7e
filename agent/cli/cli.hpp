// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <ostream>
#include <string>

#include "agent/cli/client.hpp"
#include "agent/cli/exit.hpp"
#include "agent/cli/options.hpp"
#include "agent/cli/screen.hpp"

namespace tollgate::cli {

/// One run of the program: its options, where its output goes, and what the command line asks for.
struct Cli {
    std::ostream& out;
    std::ostream& err;
    Options options{};
    std::function<Exit()> action{};  ///< set by the command that was parsed
    bool output_is_file = false;     ///< this command's -o names a file, not a format

    [[nodiscard]] Screen screen() const { return {out, options}; }
    [[nodiscard]] Client client() const { return {options.socket, options.timeout()}; }

    /// Prints an answer in the format that was asked for: the object as received, or with `print`
    /// for people. A failed answer goes to show_failure().
    using Printer = std::function<void(Screen&, const Json&)>;
    [[nodiscard]] Exit show(const Answer& answer, const Printer& print) const;

    /// The failure in words on stderr, and with -o json as an object on stdout.
    /// @param file  what the agent's problems refer to
    [[nodiscard]] Exit show_failure(const Answer& answer, const std::string& file = "policy") const;

    /// A failure that is found here.
    [[nodiscard]] Exit fail(Exit exit,
                            const std::string& message,
                            const std::string& hint = "") const;

    /// "json" indented, "jsonl" on one line.
    void print_json(const Json& object) const;
};

}  // namespace tollgate::cli

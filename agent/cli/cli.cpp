// SPDX-License-Identifier: MIT
#include "agent/cli/cli.hpp"

#include <fmt/format.h>

namespace tollgate::cli {
namespace {

const char* code_of(Exit exit) {
    switch (exit) {
        case Exit::usage:
            return "invalid";
        case Exit::unreachable:
            return "unreachable";
        case Exit::refused:
            return "forbidden";
        case Exit::check_failed:
            return "checkFailed";
        case Exit::timeout:
            return "timeout";
        default:
            return "internal";
    }
}

}  // namespace

void Cli::print_json(const Json& object) const {
    const int indent = options.format() == Format::jsonl ? -1 : 2;
    out << object.dump(indent, ' ', false, Json::error_handler_t::replace) << '\n';
}

Exit Cli::show(const Answer& answer, const Printer& print) const {
    if (!answer.ok()) {
        return show_failure(answer);
    }
    if (options.format() != Format::table) {
        print_json(answer.body);
    } else if (!options.quiet) {
        Screen target = screen();
        print(target, answer.body);
    }
    return Exit::ok;
}

Exit Cli::show_failure(const Answer& answer, const std::string& file) const {
    if (options.format() != Format::table && !output_is_file) {
        print_json(answer.body);
    }
    err << "tollgate: " << printable(answer.message()) << '\n';
    for (const Json& problem : list(object(answer.body, "error"), "problems")) {
        const std::string hint = text(problem, "hint");
        err << fmt::format("{}:{}:{}: {}{}{}\n",
                           file,
                           number(problem, "line"),
                           number(problem, "column"),
                           printable(text(problem, "message")),
                           hint.empty() ? "" : "; ",
                           printable(hint));
    }
    if (const std::string hint = answer.hint(); !hint.empty()) {
        err << "hint: " << printable(hint) << '\n';
    }
    return answer.exit;
}

Exit Cli::fail(Exit exit, const std::string& message, const std::string& hint) const {
    return show_failure(failed(exit, code_of(exit), message, hint));
}

}  // namespace tollgate::cli

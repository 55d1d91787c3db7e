// SPDX-License-Identifier: MIT
#include "agent/cli/cli.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "agent/cli/text.hpp"

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

/// Each of its lines wrapped; what goes on is indented, as YAML may be.
void print_hint(std::ostream& err, std::string_view hint) {
    constexpr std::string_view kLabel = "hint: ";
    constexpr std::size_t kMore = 2;
    std::string start{kLabel};
    while (!hint.empty()) {
        const std::size_t end = std::min(hint.find('\n'), hint.size());
        for (const std::string& part :
             wrapped(printable(hint.substr(0, end)), Screen::kWidth - kLabel.size() - kMore)) {
            err << start << part << '\n';
            start.assign(kLabel.size() + kMore, ' ');
        }
        start.assign(kLabel.size(), ' ');
        hint.remove_prefix(std::min(end + 1, hint.size()));
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
        print_hint(err, hint);
    }
    return answer.exit;
}

Exit Cli::fail(Exit exit, const std::string& message, const std::string& hint) const {
    return show_failure(failed(exit, code_of(exit), message, hint));
}

}  // namespace tollgate::cli

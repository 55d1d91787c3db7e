// SPDX-License-Identifier: MIT
// audit-log verify, audit-log show: who changed what. Both read the files: the agent need not run.
#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "agent/audit/audit_log.hpp"
#include "agent/cli/commands.hpp"
#include "agent/cli/table.hpp"
#include "agent/cli/text.hpp"
#include "agent/system/file.hpp"

namespace tollgate::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileMax = std::size_t{64} << 20;

struct Asked {
    std::string folder = "/var/lib/tollgate/audit";
    std::string head;
    std::size_t last = 20;
};

/// A line and where it stands: "FILE:NUMBER".
using LineVisitor = std::function<bool(std::string_view line, const std::string& place)>;

/// Hands out all lines in their order, until one is refused. @return as read_file()
Result<void> for_each_line(const fs::path& folder, const LineVisitor& visit) {
    const auto files = agent::audit_files(folder);
    if (!files) {
        return Failure{files.error()};
    }
    for (const fs::path& file : *files) {
        const auto text = agent::read_file(file, kFileMax);
        if (!text) {
            return Failure{text.error()};
        }
        std::string_view rest{*text};
        for (std::size_t number = 1; !rest.empty(); ++number) {
            const std::size_t end = std::min(rest.find('\n'), rest.size());
            if (!visit(rest.substr(0, end), fmt::format("{}:{}", file.string(), number))) {
                return {};
            }
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }
    return {};
}

/// How to get at a log that cannot be read.
std::string way_to_read(const Error& error) {
    return error.code == std::errc::permission_denied
               ? "run the command with sudo"
               : "give the folder of the log as the argument FOLDER, if it is another";
}

/// What the running agent says; empty: none answers.
std::string head_of_agent(const Cli& cli) {
    const Answer status = cli.client().get("/v1/status");
    return status.ok() ? text(object(status.body, "auditLog"), "head") : "";
}

std::string missing_text(const std::optional<agent::AuditHead>& head) {
    return head ? fmt::format(", and none is missing up to {}", head->sequence)
                : "; whether newer ones were cut off, only --head tells";
}

/// What verify() has read.
struct Reading {
    agent::AuditCheck check;
    std::string problem;  ///< "FILE:NUMBER: what is wrong"; empty: nothing
    bool has_head = false;
};

Result<Reading> read_log(const fs::path& folder, const std::optional<agent::AuditHead>& head) {
    Reading reading;
    const auto read = for_each_line(folder, [&](std::string_view line, const std::string& place) {
        if (auto wrong = reading.check.take(line)) {
            reading.problem = fmt::format("{}: {}", place, *wrong);
        }
        reading.has_head = reading.has_head || reading.check.head() == head;
        return reading.problem.empty();
    });
    return read.map([&] { return std::move(reading); });
}

Exit verify(const Cli& cli, const Asked& asked) {
    // Asked before the files are read: what comes later must not look as if it were cut off.
    const std::string known = asked.head.empty() ? head_of_agent(cli) : asked.head;
    const auto head = agent::AuditHead::parse(known);
    if (!asked.head.empty() && !head) {
        return cli.fail(Exit::usage,
                        fmt::format("\"{}\" is no head of an audit log", known),
                        "copy NUMBER:HASH from a line \"event=audit\" of the service's log");
    }
    const auto reading = read_log(asked.folder, head);
    if (!reading) {
        return cli.fail(Exit::failure, reading.error().message(), way_to_read(reading.error()));
    }
    if (!reading->problem.empty()) {
        return cli.fail(
            Exit::check_failed, reading->problem, "the records in front of it are as written");
    }
    if (head && head->sequence != 0 && !reading->has_head) {
        return cli.fail(
            Exit::check_failed,
            fmt::format("{} knows record {}, and it is not here or another one: the end "
                        "was cut off, or all of it was written anew",
                        asked.head.empty() ? "the agent" : "--head",
                        head->sequence),
            "compare with the lines \"event=audit\" of the service's log");
    }
    const agent::AuditCheck& check = reading->check;
    if (!cli.options.quiet) {
        cli.out << (check.first() == 0 ? std::string{"there are no records\n"}
                                       : fmt::format("records {} to {} are as written{}\nhead {}\n",
                                                     check.first(),
                                                     check.head().sequence,
                                                     missing_text(head),
                                                     check.head().to_text()));
    }
    return Exit::ok;
}

Exit show(const Cli& cli, const Asked& asked) {
    std::deque<std::string> lines;
    const auto read = for_each_line(asked.folder, [&](std::string_view line, const std::string&) {
        lines.emplace_back(line);
        if (lines.size() > asked.last) {
            lines.pop_front();
        }
        return true;
    });
    if (!read) {
        return cli.fail(Exit::failure, read.error().message(), way_to_read(read.error()));
    }
    if (cli.options.format() != Format::table) {
        for (const std::string& line : lines) {
            cli.out << line << '\n';
        }
        return Exit::ok;
    }
    Table table{{{"NUMBER", Align::right}, {"TIME"}, {"ACTION"}, {"BY"}, {"OUTCOME"}}};
    for (const std::string& line : lines) {
        const Json record = Json::parse(line, nullptr, false);
        table.row({{std::to_string(number(record, "sequence"))},
                   {text(record, "time")},
                   {text(record, "action")},
                   {text(record, "actor")},
                   {text(record, "outcome")}});
    }
    Screen screen = cli.screen();
    table.print(screen);
    return Exit::ok;
}

CLI::App* add(CLI::App& group, const char* name, const char* description, Asked& asked) {
    CLI::App* const command = group.add_subcommand(name, description);
    command->add_option("FOLDER", asked.folder, "The folder of the log")
        ->type_name("FOLDER")
        ->capture_default_str();
    return command;
}

}  // namespace

void add_audit_log_commands(CLI::App& app, Cli& cli) {
    CLI::App& group = *app.add_subcommand("audit-log", "Who changed what");
    group.require_subcommand(1);
    const auto asked = std::make_shared<Asked>();
    CLI::App* const verifying =
        add(group, "verify", "Check that no record was changed, removed, added or moved", *asked);
    verifying->add_option("--head", asked->head, "The newest record as another place knows it")
        ->type_name("NUMBER:HASH");
    verifying->callback([&cli, asked] {
        cli.action = [&cli, asked] {
            return verify(cli, *asked);
        };
    });
    CLI::App* const showing = add(group, "show", "Print the newest records", *asked);
    showing->add_option("--last", asked->last, "How many")
        ->type_name("COUNT")
        ->check(CLI::Range(1, 100000).description(""))
        ->capture_default_str();
    showing->callback([&cli, asked] {
        cli.action = [&cli, asked] {
            return show(cli, *asked);
        };
    });
}

}  // namespace tollgate::cli

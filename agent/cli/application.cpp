// SPDX-License-Identifier: MIT
#include "agent/cli/application.hpp"

#include <algorithm>
#include <exception>
#include <memory>
#include <sstream>

#include <CLI/CLI.hpp>

#include "agent/cli/commands.hpp"
#include "agent/cli/completion.hpp"
#include "agent/cli/position.hpp"
#include "agent/cli/text.hpp"
#include "agent/cli/watch_command.hpp"

namespace tollgate::cli {
namespace {

constexpr const char* kDescription =
    "tollgate: a host firewall that learns what a device says and drops everything else\n\n"
    "First steps: tollgate status, tollgate learn review, tollgate learn approve --all,\n"
    "tollgate policy diff, tollgate enforce, tollgate confirm. In an emergency: tollgate open.";

constexpr const char* kFooter =
    "Exit codes: 0 ok, 1 failure, 2 usage, 3 agent unreachable, 4 refused, 5 check failed,\n"
    "6 would change, 7 timeout. The reference is docs/cli.md.";

/// Wraps what is said of commands and options, for a terminal of 100 columns.
class HelpFormatter : public CLI::Formatter {
  public:
    [[nodiscard]] std::string make_option_desc(const CLI::Option* option) const override {
        return folded(CLI::Formatter::make_option_desc(option));
    }
    [[nodiscard]] std::string make_subcommand(const CLI::App* command) const override {
        std::ostringstream out;
        CLI::detail::format_help(out,
                                 command->get_display_name(true),
                                 folded(command->get_description()),
                                 get_column_width());
        return out.str();
    }

  private:
    [[nodiscard]] std::string folded(const std::string& text) const {
        constexpr std::size_t kDeepest = 6;  // indentation in --help-all
        std::string lines;
        for (const std::string& line :
             wrapped(text, Screen::kWidth - kDeepest - get_column_width())) {
            lines += lines.empty() ? line : '\n' + line;
        }
        return lines;
    }
};

void add_global_options(CLI::App& app, Options& options) {
    app.add_option("-o,--output", options.output, "Format of the answer")
        ->type_name("table|json|jsonl")
        ->capture_default_str();
    app.add_flag("--no-headers", options.no_headers, "No table headers and no hints");
    choose(app.add_option("--color", options.color, "Colours for people"), "auto|always|never")
        ->capture_default_str();
    app.add_flag("-q,--quiet", options.quiet, "Print nothing but errors");
    app.add_option("--timeout", options.timeout_seconds, "Seconds to wait for the agent")
        ->type_name("SECONDS")
        ->check(CLI::Range(0.1, 3600.0).description(""))
        ->capture_default_str();
    app.add_option("--socket", options.socket, "The agent's control socket")
        ->type_name("PATH")
        ->envname("TOLLGATE_SOCKET")
        ->capture_default_str();
    app.add_option("--pin-dir", options.pin_dir, "Where the agent pins its maps (open, cleanup)")
        ->type_name("PATH")
        ->envname("TOLLGATE_PIN_DIR")
        ->capture_default_str();
}

void build(CLI::App& app, Cli& cli) {
    app.formatter(std::make_shared<HelpFormatter>());
    app.fallthrough();  // global options after the command, too
    app.require_subcommand(1);
    app.footer(kFooter);
    app.set_help_all_flag("--help-all", "Print the help of every command");
    app.set_version_flag("--version", "tollgate " TOLLGATE_VERSION);
    add_global_options(app, cli.options);
    add_status_commands(app, cli);
    add_doctor_command(app, cli);
    add_observe_command(app, cli);
    add_watch_command(app, cli);
    add_learn_commands(app, cli);
    add_policy_commands(app, cli);
    add_stage_commands(app, cli);
    add_trace_command(app, cli);
    add_simulate_command(app, cli);
    add_blocklist_commands(app, cli);
    add_tunnel_commands(app, cli);
    add_support_command(app, cli);
    add_audit_log_commands(app, cli);
    add_cleanup_command(app, cli);
    add_completion_commands(app, cli);
}

Exit run_action(const Cli& cli) {
    const std::string& format = cli.options.output;
    const bool known = format == "table" || format == "json" || format == "jsonl";
    if (!known && !cli.output_is_file) {
        return cli.fail(Exit::usage, "-o " + format + ": not one of table, json, jsonl");
    }
    return cli.action ? cli.action() : Exit::ok;
}

std::string explain(const CLI::App& app,
                    std::span<const std::string> arguments,
                    const CLI::ParseError& error) {
    std::string explanation = explain_unknown(app, arguments);
    if (explanation.empty() && dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
        explanation = explain_missing(app, arguments);
    }
    return explanation.empty() ? error.what() : explanation;
}

}  // namespace

CLI::Option* choose(CLI::Option* option, const std::string& values) {
    std::vector<std::string> words;
    std::istringstream stream{values};
    for (std::string word; std::getline(stream, word, '|');) {
        words.push_back(word);
    }
    return option->type_name(values)->check(CLI::IsMember(words).description(""));
}

Exit run(std::span<const std::string> arguments, std::ostream& out, std::ostream& err) {
    Cli cli{out, err};
    CLI::App app{kDescription, "tollgate"};
    build(app, cli);
    if (!arguments.empty() && (arguments[0] == "__complete" || arguments[0] == "__dump")) {
        arguments[0] == "__dump" ? dump(app, out) : complete(app, arguments.subspan(1), out);
        return Exit::ok;
    }
    if (arguments.empty()) {
        err << app.help();
        return Exit::usage;
    }
    std::vector<std::string> reversed{arguments.rbegin(), arguments.rend()};  // as CLI11 wants it
    try {
        app.parse(reversed);
        return run_action(cli);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) {  // --help, --version
            app.exit(error, out, err);
            return Exit::ok;
        }
        return cli.fail(Exit::usage,
                        explain(app, arguments, error),
                        command_of(app, arguments) + " --help says how it is written");
    } catch (const std::exception& error) {
        return cli.fail(Exit::failure, std::string{"unexpected: "} + error.what());
    }
}

}  // namespace tollgate::cli

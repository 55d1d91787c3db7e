// SPDX-License-Identifier: MIT
#include <cerrno>
#include <memory>

#include <fmt/format.h>

#include "agent/cli/caller.hpp"
#include "agent/cli/commands.hpp"
#include "agent/cli/emergency_open.hpp"
#include "agent/cli/screens.hpp"
#include "agent/cli/text.hpp"

namespace tollgate::cli {
namespace {

struct TimedChange {
    std::string confirm_within = "2m";
    std::string accept_risk;
};

/// Shows first what the change would do, then makes it.
Exit change_stage(const Cli& cli, const std::string& path, const TimedChange& change) {
    const Client client = cli.client();
    const Json session = client_session();
    if (cli.options.format() == Format::table && !cli.options.quiet) {
        const Answer preview = client.post("/v1/policy/diff", {{"clientSession", session}});
        if (!preview.ok()) {
            return cli.show_failure(preview);
        }
        Screen screen = cli.screen();
        print_effect(screen, object(preview.body, "effect"));
        screen.out().flush();
    }
    return cli.show(client.post(path, timed(change.confirm_within, change.accept_risk, session)),
                    print_change);
}

Exit confirm(const Cli& cli, std::uint64_t generation) {
    Json request{{"clientSession", client_session()}};
    if (generation != 0) {
        request["generation"] = generation;
    }
    return cli.show(cli.client().post("/v1/confirm", request),
                    [](Screen& screen, const Json& change) {
                        screen.line(fmt::format("confirmed: generation {} stays in force, stage {}",
                                                number(change, "generation"),
                                                text(change, "stage")),
                                    Tone::good);
                    });
}

void print_opened(Screen& screen, const Json& change) {
    screen.field("OPEN", text(change, "detail"), Tone::bad);
    screen.next("tollgate enforce   (closes the gate again)");
}

Exit refuse_to_open(const Cli& cli, const Answer& refusal, const Error& error) {
    const std::string message =
        fmt::format("{}; and the pinned gate: {}", refusal.message(), error.message());
    switch (error.code.value()) {
        case ENOENT:
            return cli.fail(
                Exit::failure,
                message,
                "no gate is loaded there: nothing is filtered, unless --pin-dir is another");
        case EPERM:
        case EACCES:
            return cli.fail(Exit::refused, message, "run as root: sudo tollgate open");
        default:
            return cli.fail(Exit::failure, message, "take the gate away: sudo tollgate cleanup");
    }
}

/// Opens the pinned gate itself, because the agent cannot.
Exit open_without_agent(const Cli& cli, const Answer& refusal) {
    if (const Result<void> opened = open_gate(cli.options.pin_dir); !opened) {
        return refuse_to_open(cli, refusal, opened.error());
    }
    Json change = envelope("Change");
    change["stage"] = "open";
    change["detail"] = fmt::format(
        "everything passes on every interface; written to {}, because the agent does not answer "
        "({}). It stays open until the agent runs again and you close it",
        cli.options.pin_dir.string(),
        refusal.message());
    return cli.show({Exit::ok, change}, [](Screen& screen, const Json& shown) {
        screen.field("OPEN", text(shown, "detail"), Tone::bad);
        screen.next("systemctl start tollgated, then tollgate enforce   (closes the gate again)");
    });
}

Exit open(const Cli& cli) {
    constexpr std::chrono::milliseconds kPatience{3000};
    const Client client{cli.options.socket, std::min(cli.options.timeout(), kPatience)};
    Answer answer = client.post("/v1/open", Json::object());
    if (!answer.ok()) {
        return open_without_agent(cli, answer);
    }
    return cli.show(answer, [](Screen& screen, const Json& change) {
        Json shown = change;
        shown["detail"] = "everything passes on every interface, at once and until you close it";
        print_opened(screen, shown);
    });
}

void add_timed(CLI::App& app, Cli& cli, const char* name, const char* description) {
    auto change = std::make_shared<TimedChange>();
    CLI::App* command = app.add_subcommand(name, description);
    add_confirm_within(*command, change->confirm_within);
    add_accept_risk(*command, change->accept_risk);
    command->callback([&cli, change, path = std::string{"/v1/"} + name] {
        cli.action = [&cli, change, path] {
            return change_stage(cli, path, *change);
        };
    });
}

}  // namespace

std::string check_duration(const std::string& text) {
    const auto duration = parse_duration(text);
    return duration && duration->count() > 0
               ? ""
               : "not a duration: \"" + text + "\"; write 90s, 2m or 1h";
}

void add_confirm_within(CLI::App& command, std::string& duration) {
    command.add_option("--confirm-within", duration, "Revert after this long without a confirm")
        ->type_name("DURATION")
        ->check(CLI::Validator{check_duration, ""})
        ->capture_default_str();
}

void add_accept_risk(CLI::App& command, std::string& risk) {
    choose(command.add_option("--accept-risk", risk, "Go on although this will happen"),
           "lose-session|open");
}

Json timed(const std::string& confirm_within, const std::string& accept_risk, const Json& session) {
    Json request{{"clientSession", session}};
    if (const auto duration = parse_duration(confirm_within)) {
        request["confirmWithin"] = duration->count();
    }
    if (!accept_risk.empty()) {
        request["acceptRisk"] = accept_risk;
    }
    return request;
}

void add_stage_commands(CLI::App& app, Cli& cli) {
    add_timed(app, cli, "enforce", "Drop what the policy does not allow; reverts unless confirmed");
    add_timed(app,
              cli,
              "audit",
              "Count what enforcing would drop, drop nothing; reverts unless confirmed");
    auto generation = std::make_shared<std::uint64_t>(0);
    CLI::App* confirm_app = app.add_subcommand(
        "confirm", "Keep the pending change; proves that a new connection can be made");
    confirm_app->add_option("--generation", *generation, "Only if this is the pending generation")
        ->type_name("N");
    confirm_app->callback([&cli, generation] {
        cli.action = [&cli, generation] {
            return confirm(cli, *generation);
        };
    });
    app.add_subcommand("open", "Let everything through at once; works without the agent, too")
        ->callback([&cli] {
            cli.action = [&cli] {
                return open(cli);
            };
        });
}

}  // namespace tollgate::cli

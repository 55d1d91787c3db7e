// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "agent/cli/commands.hpp"
#include "agent/cli/host_checks.hpp"
#include "agent/cli/screens.hpp"

namespace tollgate::cli {
namespace {

Exit status(const Cli& cli) {
    return cli.show(cli.client().get("/v1/status"), print_status);
}

/// The agent's checks; without an agent those that need none, and the failure to reach it.
Exit doctor(const Cli& cli) {
    Answer answer = cli.client().get("/v1/doctor");
    if (answer.exit == Exit::unreachable || answer.exit == Exit::timeout) {
        answer = {Exit::ok, check_host(answer, cli.options)};
    }
    const Exit exit = cli.show(answer, print_doctor);
    if (exit != Exit::ok) {
        return exit;
    }
    for (const Json& check : list(answer.body, "checks")) {
        if (text(check, "result") == "fail") {
            return Exit::check_failed;
        }
    }
    return Exit::ok;
}

Exit version(const Cli& cli) {
    Json version = envelope("Version");
    version["cli"] = TOLLGATE_VERSION;
    const Answer status = cli.client().get("/v1/status");
    if (status.ok()) {
        version["agent"] = text(status.body, "version");
        version["kernel"] = text(status.body, "kernel");
    }
    return cli.show({Exit::ok, version}, [](Screen& screen, const Json& shown) {
        screen.field("tollgate", text(shown, "cli"));
        screen.field("tollgated", text(shown, "agent", "not reachable"));
    });
}

}  // namespace

void add_status_commands(CLI::App& app, Cli& cli) {
    app.add_subcommand("status", "What the gate does now: stage, policy, counters, what is pending")
        ->callback([&cli] {
            cli.action = [&cli] {
                return status(cli);
            };
        });
    app.add_subcommand("doctor",
                       "Check kernel, privileges, interfaces and policy; exit 5 if one fails")
        ->callback([&cli] {
            cli.action = [&cli] {
                return doctor(cli);
            };
        });
    app.add_subcommand("version", "The versions of tollgate and of the running tollgated")
        ->callback([&cli] {
            cli.action = [&cli] {
                return version(cli);
            };
        });
}

}  // namespace tollgate::cli

// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "agent/cli/commands.hpp"
#include "agent/cli/screens.hpp"

namespace tollgate::cli {
namespace {

Exit status(const Cli& cli) {
    return cli.show(cli.client().get("/v1/status"), print_status);
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
    app.add_subcommand("version", "The versions of tollgate and of the running tollgated")
        ->callback([&cli] {
            cli.action = [&cli] {
                return version(cli);
            };
        });
}

}  // namespace tollgate::cli

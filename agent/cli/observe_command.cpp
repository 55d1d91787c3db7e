// SPDX-License-Identifier: MIT
#include <memory>

#include <fmt/format.h>

#include "agent/cli/commands.hpp"
#include "agent/cli/screens.hpp"

namespace tollgate::cli {
namespace {

struct Filters {
    bool follow = false;
    unsigned last = 0;
    std::string verdict;
    std::string direction;
    std::string protocol;
    std::string port;
    std::string address;
    std::string interface;
};

std::string query(const Filters& filters) {
    std::string path = fmt::format("/v1/observe?follow={}", filters.follow ? 1 : 0);
    const auto add = [&path](const char* key, const std::string& value) {
        if (!value.empty()) {
            path += fmt::format("&{}={}", key, url_encoded(value));
        }
    };
    add("last", filters.last == 0 ? "" : std::to_string(filters.last));
    add("verdict", filters.verdict);
    add("direction", api_direction(filters.direction));
    add("protocol", filters.protocol);
    add("port", filters.port);
    add("address", filters.address);
    add("interface", filters.interface);
    return path;
}

Exit observe(const Cli& cli, const Filters& filters) {
    Screen screen = cli.screen();
    const bool table = cli.options.format() == Format::table;
    bool first = true;
    const auto print = [&](std::string_view line) {
        const Json event = Json::parse(line, nullptr, /*allow_exceptions=*/false);
        if (!table) {
            cli.out << line << '\n';
        } else if (event.is_object()) {
            if (std::exchange(first, false)) {
                print_event_header(screen);
            }
            print_event(screen, event);
        }
        cli.out.flush();  // a reader of our pipe sees events when they happen
    };
    const Answer answer = cli.client().stream(query(filters), filters.follow, print);
    if (!answer.ok()) {
        return cli.show_failure(answer);
    }
    if (table && first && !cli.options.quiet) {
        screen.line("no events yet; follow them with: tollgate observe -f");
    }
    return Exit::ok;
}

}  // namespace

std::string api_direction(const std::string& direction) {
    if (direction == "in") {
        return "ingress";
    }
    return direction == "out" ? "egress" : direction;
}

void add_observe_command(CLI::App& app, Cli& cli) {
    auto filters = std::make_shared<Filters>();
    CLI::App* observe_app =
        app.add_subcommand("observe", "Recent drops, would-drops, new flows and learned services");
    observe_app->add_flag(
        "-f,--follow", filters->follow, "Go on with new events until interrupted");
    observe_app->add_option("--last", filters->last, "Only the last N events")->type_name("N");
    choose(observe_app->add_option("--verdict", filters->verdict, "Only this verdict"),
           "drop|wouldDrop|pass");
    choose(observe_app->add_option("--direction", filters->direction, "Only this direction"),
           "in|out");
    observe_app
        ->add_option("--protocol", filters->protocol, "Only this protocol: tcp, udp, icmp, …")
        ->type_name("PROTO");
    observe_app->add_option("--port", filters->port, "Only this port, of either side")
        ->type_name("PORT")
        ->check(CLI::Range(0, 65535).description(""));
    observe_app->add_option("--address", filters->address, "Only this remote address or prefix")
        ->type_name("ADDRESS");
    observe_app->add_option("--interface", filters->interface, "Only this interface")
        ->type_name("IF");
    observe_app->callback([&cli, filters] {
        cli.action = [&cli, filters] {
            return observe(cli, *filters);
        };
    });
}

}  // namespace tollgate::cli

// SPDX-License-Identifier: MIT
#include <memory>

#include "agent/cli/commands.hpp"
#include "agent/cli/screens.hpp"
#include "agent/cli/tunnel_commands.hpp"

namespace tollgate::cli {
namespace {

Exit show(const Cli& cli, const std::string& name) {
    Answer answer = cli.client().get("/v1/tunnels");
    if (answer.ok() && !name.empty()) {
        Json wanted = Json::array();
        for (const Json& tunnel : list(answer.body, "tunnels")) {
            if (text(tunnel, "name") == name) {
                wanted.push_back(tunnel);
            }
        }
        if (wanted.empty()) {
            return cli.show_failure(failed(Exit::failure,
                                           "notFound",
                                           "there is no tunnel '" + name + "'",
                                           "tollgate tunnel show lists them"));
        }
        answer.body["tunnels"] = std::move(wanted);
    }
    return cli.show(answer, print_tunnels);
}

void add_switch(CLI::App& group, Cli& cli, const std::string& verb, const std::string& text) {
    auto name = std::make_shared<std::string>();
    CLI::App* command = group.add_subcommand(verb, text);
    command->add_option("TUNNEL", *name, "The tunnel")->required();
    command->callback([&cli, verb, name] {
        cli.action = [&cli, verb, name] {
            return cli.show(cli.client().post("/v1/tunnels/" + verb, {{"tunnel", *name}}),
                            print_tunnel_change);
        };
    });
}

}  // namespace

void add_tunnel_commands(CLI::App& app, Cli& cli) {
    CLI::App* group = app.add_subcommand("tunnel", "WireGuard tunnels: keys, peers, state");
    group->require_subcommand(1);
    auto name = std::make_shared<std::string>();
    CLI::App* command =
        group->add_subcommand("show", "Tunnels and their peers; no private or preshared keys");
    command->add_option("TUNNEL", *name, "Only this one");
    command->callback([&cli, name] {
        cli.action = [&cli, name] {
            return show(cli, *name);
        };
    });
    add_switch(*group, cli, "up", "Let a tunnel carry traffic again");
    add_switch(*group, cli, "down", "Let a tunnel carry nothing; its traffic goes nowhere else");
    add_tunnel_peer_commands(*group, cli);
    add_tunnel_key_commands(*group, cli);
    add_tunnel_transfer_commands(*group, cli);
}

}  // namespace tollgate::cli

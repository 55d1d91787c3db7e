// SPDX-License-Identifier: MIT
#include <memory>

#include "agent/cli/commands.hpp"
#include "agent/cli/embedded.hpp"

namespace tollgate::cli {
namespace {

std::string_view script(const std::string& shell) {
    if (shell == "bash") {
        return embedded::kBashCompletion;
    }
    return shell == "zsh" ? embedded::kZshCompletion : embedded::kFishCompletion;
}

}  // namespace

void add_completion_commands(CLI::App& app, Cli& cli) {
    auto shell = std::make_shared<std::string>();
    CLI::App* command = app.add_subcommand(
        "completion", "Print the completion file of a shell: source <(tollgate completion bash)");
    choose(command->add_option("SHELL", *shell, "The shell"), "bash|zsh|fish")->required();
    command->callback([&cli, shell] {
        cli.action = [&cli, shell] {
            cli.out << script(*shell);
            return Exit::ok;
        };
    });
}

}  // namespace tollgate::cli

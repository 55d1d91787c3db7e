// SPDX-License-Identifier: MIT
#include <cerrno>
#include <memory>
#include <system_error>
#include <vector>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "agent/cli/commands.hpp"

namespace tollgate::cli {
namespace {

/// tollgated beside this program or in the sbin beside its bin, else the one of PATH.
std::string daemon_path() {
    std::error_code error;
    const auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
    for (const auto& path : {folder / "tollgated", folder.parent_path() / "sbin" / "tollgated"}) {
        if (!error && ::access(path.c_str(), X_OK) == 0) {
            return path.string();
        }
    }
    return "tollgated";
}

/// docs/control-api.md, tollgated: 10 not root or a capability is missing.
Exit exit_of(int daemon_exit) {
    constexpr int kUsage = 2;
    constexpr int kNotPermitted = 10;
    switch (daemon_exit) {
        case 0:
            return Exit::ok;
        case kUsage:
            return Exit::usage;
        case kNotPermitted:
            return Exit::refused;
        default:
            return Exit::failure;
    }
}

/// `tollgated --cleanup`: this program links no BPF.
Exit cleanup(const Cli& cli, bool dry_run) {
    std::vector<std::string> words{
        daemon_path(), "--cleanup", "--pin-dir", cli.options.pin_dir.string()};
    if (dry_run) {
        words.emplace_back("--dry-run");
    }
    std::vector<char*> arguments;
    for (std::string& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    cli.out.flush();
    pid_t child = 0;
    const int error =
        ::posix_spawnp(&child, words[0].c_str(), nullptr, nullptr, arguments.data(), environ);
    if (error != 0) {
        return cli.fail(Exit::failure,
                        fmt::format("run {}: {}", words[0], std::generic_category().message(error)),
                        "the package tollgate has both programs");
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? exit_of(WEXITSTATUS(status)) : Exit::failure;
}

}  // namespace

void add_cleanup_command(CLI::App& app, Cli& cli) {
    auto dry_run = std::make_shared<bool>(false);
    CLI::App* command = app.add_subcommand(
        "cleanup",
        "Remove the gate and the interfaces of tunnels from the kernel, and nothing else");
    command->add_flag("-n,--dry-run", *dry_run, "Only list what would be removed");
    command->callback([&cli, dry_run] {
        cli.action = [&cli, dry_run] {
            return cleanup(cli, *dry_run);
        };
    });
}

}  // namespace tollgate::cli

// SPDX-License-Identifier: MIT
#include <array>
#include <cerrno>
#include <memory>
#include <string_view>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "agent/cli/commands.hpp"
#include "agent/system/file_descriptor.hpp"

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

std::string read_all(const agent::FileDescriptor& from) {
    std::string text;
    std::array<char, 4096> part{};
    for (ssize_t size = 1; size > 0 || (size < 0 && errno == EINTR);) {
        size = ::read(from.get(), part.data(), part.size());
        text.append(part.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    }
    return text;
}

/// Why it did not, as tollgated says it.
std::string reason_of(std::string text, const std::string& program) {
    constexpr std::string_view kName = "tollgated: ";
    if (text.starts_with(kName)) {
        text.erase(0, kName.size());
    }
    text.erase(text.find_last_not_of('\n') + 1);
    return text.empty() ? fmt::format("{} failed", program) : text;
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
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return cli.fail(Exit::failure, "make a pipe: " + std::generic_category().message(errno));
    }
    const agent::FileDescriptor reading{ends[0]};
    agent::FileDescriptor writing{ends[1]};
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, writing.get(), STDERR_FILENO);
    pid_t child = 0;
    const int error =
        ::posix_spawnp(&child, words[0].c_str(), &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        return cli.fail(Exit::failure,
                        fmt::format("run {}: {}", words[0], std::generic_category().message(error)),
                        "the package tollgate has both programs");
    }
    writing.reset();
    const std::string said = read_all(reading);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    const Exit exit = WIFEXITED(status) ? exit_of(WEXITSTATUS(status)) : Exit::failure;
    if (exit == Exit::ok) {
        cli.err << said;
        return exit;
    }
    return cli.fail(exit,
                    reason_of(said, words[0]),
                    exit == Exit::refused ? "run as root: sudo tollgate cleanup" : "");
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

// SPDX-License-Identifier: MIT
#include "agent/support/command.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {
namespace {

using Clock = std::chrono::steady_clock;

/// Starts a program with nothing to read and its errors thrown away.
Result<pid_t> start(const std::vector<std::string>& words, int output) {
    std::vector<std::string> copies = words;
    std::vector<char*> arguments;
    for (std::string& word : copies) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t files{};
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child = 0;
    const int error =
        ::posix_spawnp(&child, arguments[0], &files, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&files);
    if (error != 0) {
        return failure(error, "run " + words[0]);
    }
    return child;
}

/// @return false: it is not at its end in time
bool read_all(int from, std::size_t limit, Clock::time_point deadline, std::string& text) {
    std::array<char, std::size_t{1} << 14U> buffer{};
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        pollfd readable{.fd = from, .events = POLLIN, .revents = 0};
        if (left <= 0 || ::poll(&readable, 1, static_cast<int>(left)) <= 0) {
            return false;
        }
        const ssize_t size = ::read(from, buffer.data(), buffer.size());
        if (size <= 0) {
            return size == 0;
        }
        const std::size_t room = limit - std::min(limit, text.size());
        text.append(buffer.data(), std::min(room, static_cast<std::size_t>(size)));
    }
}

}  // namespace

Result<std::string> output_of(const std::vector<std::string>& words,
                              std::size_t limit,
                              std::chrono::milliseconds patience) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return failure(errno, "make a pipe");
    }
    const FileDescriptor from{ends[0]};
    FileDescriptor to{ends[1]};
    const auto child = start(words, to.get());
    to.reset();
    if (!child) {
        return Failure{child.error()};
    }
    std::string text;
    const bool whole = read_all(from.get(), limit, Clock::now() + patience, text);
    if (!whole) {
        ::kill(*child, SIGKILL);
    }
    int status = 0;
    while (::waitpid(*child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!whole) {
        return failure(ETIMEDOUT, "run " + words[0]);
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return failure(EPROTO, words[0] + " fails");
    }
    return text;
}

}  // namespace tollgate::agent

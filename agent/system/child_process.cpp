// SPDX-License-Identifier: MIT
#include "agent/system/child_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>  // sigabbrev_np
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

namespace tollgate::agent {

namespace {

/// What posix_spawn(3) is told of descriptors and signals.
class SpawnActions {
  public:
    SpawnActions() {
        ::posix_spawn_file_actions_init(&files_);
        ::posix_spawnattr_init(&attributes_);
    }
    SpawnActions(const SpawnActions&) = delete;
    SpawnActions& operator=(const SpawnActions&) = delete;
    ~SpawnActions() {
        ::posix_spawn_file_actions_destroy(&files_);
        ::posix_spawnattr_destroy(&attributes_);
    }

    // None is blocked or ignored: this process may wait for them by a descriptor.
    int reset_signals() {
        sigset_t none{};
        sigset_t all{};
        sigemptyset(&none);
        sigfillset(&all);
        ::posix_spawnattr_setsigmask(&attributes_, &none);
        ::posix_spawnattr_setsigdefault(&attributes_, &all);
        return ::posix_spawnattr_setflags(&attributes_,
                                          POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }

    // Standard error stays. @param descriptors all above those that the child gets
    int pass(const std::vector<FileDescriptor>& descriptors) {
        int error =
            ::posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDWR, 0);
        error = error != 0
                    ? error
                    : ::posix_spawn_file_actions_adddup2(&files_, STDIN_FILENO, STDOUT_FILENO);
        int target = ChildProcess::kChannel;
        for (const FileDescriptor& descriptor : descriptors) {
            error = error != 0
                        ? error
                        : ::posix_spawn_file_actions_adddup2(&files_, descriptor.get(), target++);
        }
        return error != 0 ? error : ::posix_spawn_file_actions_addclosefrom_np(&files_, target);
    }

    [[nodiscard]] const posix_spawn_file_actions_t* files() const { return &files_; }
    [[nodiscard]] const posix_spawnattr_t* attributes() const { return &attributes_; }

  private:
    posix_spawn_file_actions_t files_{};
    posix_spawnattr_t attributes_{};
};

bool is_for_children(std::string_view variable) {
    const std::string_view name = variable.substr(0, variable.find('='));
    return name == "JOURNAL_STREAM" || name.ends_with("SAN_OPTIONS") || name.starts_with("GCOV_");
}

// The pointers that exec wants, into strings that must live on; null at the end.
std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> all;
    for (std::string& text : strings) {
        all.push_back(text.data());
    }
    all.push_back(nullptr);
    return all;
}

std::vector<std::string> environment() {
    std::vector<std::string> kept;
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
        if (is_for_children(*variable)) {
            kept.emplace_back(*variable);
        }
    }
    return kept;
}

// Copies above the numbers that the child's get, so that none overwrites one that is still needed.
Result<std::vector<FileDescriptor>> copies_of(int channel, const std::vector<int>& descriptors) {
    std::vector<int> all{channel};
    all.insert(all.end(), descriptors.begin(), descriptors.end());
    const int lowest = ChildProcess::kChannel + static_cast<int>(all.size());
    std::vector<FileDescriptor> copies;
    for (const int descriptor : all) {
        FileDescriptor copy{::fcntl(descriptor, F_DUPFD_CLOEXEC, lowest)};
        if (!copy) {
            return failure(errno, fmt::format("copy descriptor {} for a process", descriptor));
        }
        copies.push_back(std::move(copy));
    }
    return copies;
}

Result<pid_t> spawn(const ChildProcess::Plan& plan, int channel) {
    auto copies = copies_of(channel, plan.descriptors);
    if (!copies) {
        return Failure{copies.error()};
    }
    SpawnActions actions;
    int error = actions.reset_signals();
    error = error != 0 ? error : actions.pass(*copies);
    std::vector<std::string> arguments{"tollgated",
                                       std::string{ChildProcess::kRoleOption} + plan.role};
    arguments.insert(arguments.end(), plan.arguments.begin(), plan.arguments.end());
    auto variables = environment();
    pid_t pid = -1;
    error = error != 0 ? error
                       : ::posix_spawn(&pid,
                                       plan.program.c_str(),
                                       actions.files(),
                                       actions.attributes(),
                                       pointers(arguments).data(),
                                       pointers(variables).data());
    if (error != 0) {
        return failure(error, fmt::format("start a process for {}", plan.role));
    }
    return pid;
}

ProcessEnd end_of(const siginfo_t& child) {
    return child.si_code == CLD_EXITED ? ProcessEnd{child.si_status, 0}
                                       : ProcessEnd{0, child.si_status};
}

#ifdef SYS_setresuid32
constexpr long kSetUsers = SYS_setresuid32;
#else
constexpr long kSetUsers = SYS_setresuid;
#endif

/// For root without CAP_KILL: who is a process's user may kill it. In this thread only, unlike
/// setresuid(3).
bool kill_as_its_user(pid_t process) {
    struct stat status {};
    if (::stat(fmt::format("/proc/{}", process).c_str(), &status) != 0 ||
        ::syscall(kSetUsers, -1, status.st_uid, -1) != 0) {
        return false;
    }
    const bool killed = ::kill(process, SIGKILL) == 0;
    if (::syscall(kSetUsers, -1, ::getuid(), -1) != 0) {
        std::abort();  // this thread would go on as somebody else
    }
    return killed;
}

}  // namespace

std::string ProcessEnd::message() const {
    if (signal == 0) {
        return fmt::format("exited with {}", exit_code);
    }
    const char* const name = ::sigabbrev_np(signal);
    return name == nullptr ? fmt::format("was killed by signal {}", signal)
                           : fmt::format("was killed by SIG{}", name);
}

Result<ChildProcess> ChildProcess::start(const Plan& plan) {
    std::array<int, 2> pair{};
    if (::socketpair(AF_UNIX, plan.channel_type | SOCK_CLOEXEC, 0, pair.data()) != 0) {
        return failure(errno, "make a socket pair");
    }
    FileDescriptor ours{pair[0]};
    const FileDescriptor theirs{pair[1]};
    if (::fcntl(ours.get(), F_SETFL, O_NONBLOCK) != 0) {
        return failure(errno, "make a socket non-blocking");
    }
    const auto pid = spawn(plan, theirs.get());
    if (!pid) {
        return Failure{pid.error()};
    }
    FileDescriptor pidfd{static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0))};
    const int error = errno;
    ChildProcess child{*pid, std::move(pidfd), std::move(ours)};
    if (child.end_fd() < 0) {
        return failure(error, fmt::format("watch process {}", *pid));
    }
    return child;
}

ChildProcess::ChildProcess(pid_t pid, FileDescriptor pidfd, FileDescriptor channel)
    : pid_{pid}, pidfd_{std::move(pidfd)}, channel_{std::move(channel)} {}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_{std::exchange(other.pid_, -1)},
      pidfd_{std::move(other.pidfd_)},
      channel_{std::move(other.channel_)},
      end_{other.end_} {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
    if (this != &other) {
        kill();
        pid_ = std::exchange(other.pid_, -1);
        pidfd_ = std::move(other.pidfd_);
        channel_ = std::move(other.channel_);
        end_ = other.end_;
    }
    return *this;
}

ChildProcess::~ChildProcess() {
    kill();
}

std::optional<ProcessEnd> ChildProcess::wait(std::chrono::milliseconds time) {
    pollfd ended{pidfd_.get(), POLLIN, 0};
    if (end_ || pid_ < 0 || ::poll(&ended, 1, static_cast<int>(time.count())) != 1) {
        return end_;
    }
    siginfo_t child{};
    if (::waitid(P_PID, static_cast<id_t>(pid_), &child, WEXITED) == 0) {
        end_ = end_of(child);
    }
    return end_;
}

ProcessEnd ChildProcess::kill() {
    if (pid_ < 0 || end_) {
        return end_.value_or(ProcessEnd{});
    }
    // It is not reaped yet: the id is still its own. One that nobody may kill ends when its channel
    // does, as all of ours; closing would not end it for whoever has a copy.
    if (::kill(pid_, SIGKILL) != 0 && !kill_as_its_user(pid_)) {
        ::shutdown(channel_.get(), SHUT_RDWR);
    }
    siginfo_t child{};
    while (::waitid(P_PID, static_cast<id_t>(pid_), &child, WEXITED) != 0 && errno == EINTR) {
    }
    end_ = end_of(child);
    return *end_;
}

std::optional<std::string> role_of(const std::vector<std::string>& arguments) {
    if (arguments.empty() || !arguments.front().starts_with(ChildProcess::kRoleOption)) {
        return std::nullopt;
    }
    return arguments.front().substr(ChildProcess::kRoleOption.size());
}

Result<void> begin_child() {
    struct stat channel {};
    if (::fstat(ChildProcess::kChannel, &channel) != 0 || !S_ISSOCK(channel.st_mode)) {
        return failure("only tollgated itself starts its parts");
    }
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
        return failure(errno, "die with the parent process");
    }
    // What is for the agent goes to all its processes, from a terminal or the service manager.
    for (const int signal : {SIGPIPE, SIGTERM, SIGINT, SIGHUP}) {
        if (std::signal(signal, SIG_IGN) == SIG_ERR) {
            return failure(errno, "ignore signals");
        }
    }
    // A parent that died before that left the channel closed.
    pollfd parent{ChildProcess::kChannel, 0, 0};
    if (::poll(&parent, 1, 0) < 0 || (parent.revents & POLLHUP) != 0) {
        return failure("the parent process is gone");
    }
    return {};
}

}  // namespace tollgate::agent

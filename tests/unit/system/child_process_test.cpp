// SPDX-License-Identifier: MIT
#include "agent/system/child_process.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <string>

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace tollgate::test {
namespace {

using agent::ChildProcess;
using agent::FileDescriptor;
using std::chrono::milliseconds;

constexpr milliseconds kLong{30'000};

ChildProcess::Plan plan(const std::string& role) {
    ChildProcess::Plan made;
    made.role = role;
    made.program = TOLLGATE_CHILD_PROGRAM;
    return made;
}

std::string receive(const ChildProcess& child) {
    pollfd ready{child.channel(), POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(kLong.count())) != 1) {
        return "nothing came";
    }
    std::array<char, 65536> message{};
    const ssize_t size = ::recv(child.channel(), message.data(), message.size(), 0);
    return size < 0 ? "error" : std::string{message.data(), static_cast<std::size_t>(size)};
}

TEST(ChildProcess, TalksOverItsChannel) {
    const auto child = ChildProcess::start(plan("echo"));
    ASSERT_TRUE(child) << child.error().message();
    ASSERT_EQ(::send(child->channel(), "hello", 5, 0), 5);
    EXPECT_EQ(receive(*child), "hello");
}

TEST(ChildProcess, EndsWithWhatItReturns) {
    auto child = ChildProcess::start([] {
        auto made = plan("exit");
        made.arguments = {"7"};
        return made;
    }());
    ASSERT_TRUE(child) << child.error().message();
    const auto end = child->wait(kLong);
    ASSERT_TRUE(end);
    EXPECT_EQ(end->message(), "exited with 7");
    EXPECT_FALSE(end->is_success());
    EXPECT_EQ(child->kill().exit_code, 7) << "how it ended is remembered";
}

TEST(ChildProcess, SaysWhichSignalKilledIt) {
    auto child = ChildProcess::start(plan("fault"));
    ASSERT_TRUE(child) << child.error().message();
    const auto end = child->wait(kLong);
    ASSERT_TRUE(end);
    EXPECT_EQ(end->message(), "was killed by SIGSYS");
}

TEST(ChildProcess, RunsUntilItIsKilled) {
    auto child = ChildProcess::start(plan("wait"));
    ASSERT_TRUE(child) << child.error().message();
    EXPECT_FALSE(child->wait(milliseconds{0}));
    EXPECT_EQ(child->kill().message(), "was killed by SIGKILL");
}

TEST(ChildProcess, IsReapedWithItsOwner) {
    pid_t pid = -1;
    {
        const auto child = ChildProcess::start(plan("wait"));
        ASSERT_TRUE(child) << child.error().message();
        pid = child->pid();
    }
    EXPECT_EQ(::waitpid(pid, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
}

// Under the service unit root has no CAP_KILL.
void drop_right_to_kill() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct rights[_LINUX_CAPABILITY_U32S_3]{};
    ASSERT_EQ(::syscall(SYS_capget, &header, rights), 0);
    rights[0].effective &= ~(1U << CAP_KILL);
    rights[0].permitted &= ~(1U << CAP_KILL);
    ASSERT_EQ(::syscall(SYS_capset, &header, rights), 0);
}

// Has a process without that right start one of another user, and do something to it.
// @return its exit code; 0: that went as it should
int with_one_of_another_user(const std::function<bool(ChildProcess&)>& ends_it) {
    const pid_t parent = ::fork();
    if (parent == 0) {
        ::alarm(20);
        drop_right_to_kill();
        auto child = ChildProcess::start(plan("nobody"));
        const bool is_nobody = child && receive(*child) == "nobody";
        const bool refused = is_nobody && ::kill(child->pid(), SIGKILL) != 0 && errno == EPERM;
        ::_exit(refused && ends_it(*child) ? 0 : 1);
    }
    int status = -1;
    return ::waitpid(parent, &status, 0) == parent ? status : -1;
}

TEST(ChildProcess, OfAnotherUserIsKilledWithoutTheRightTo) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root";
    }
    const auto kill = [](ChildProcess& child) {
        return child.kill().signal == SIGKILL && ::geteuid() == 0;
    };
    EXPECT_EQ(with_one_of_another_user(kill), 0);
}

// Without /proc nobody can tell whose it is. A copy of the channel is what an owner may keep.
TEST(ChildProcess, OfAnotherUserWhomNobodySeesEndsWithItsChannel) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root";
    }
    const auto kill_unseen = [](ChildProcess& child) {
        const FileDescriptor copy{::dup(child.channel())};
        return copy && ::chroot("/sys") == 0 && child.kill().is_success();
    };
    EXPECT_EQ(with_one_of_another_user(kill_unseen), 0);
}

TEST(ChildProcess, GetsTheDescriptorsThatAreListedAndNoOther) {
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);  // not closed on exec
    auto listed = plan("echo");
    // Numbers that the child uses itself, in the way of each other.
    listed.descriptors = {pipe[1], pipe[0]};
    const auto child = ChildProcess::start(listed);
    ASSERT_TRUE(child) << child.error().message();
    ASSERT_EQ(::send(child->channel(), "up", 2, 0), 2);
    ASSERT_EQ(receive(*child), "up");
    const std::string folder = "/proc/" + std::to_string(child->pid()) + "/fd/";
    const auto target = [&](int descriptor) {
        std::array<char, 256> text{};
        const auto size =
            ::readlink((folder + std::to_string(descriptor)).c_str(), text.data(), 256);
        return size < 0 ? std::string{} : std::string{text.data(), static_cast<std::size_t>(size)};
    };
    EXPECT_EQ(target(0), "/dev/null");
    EXPECT_EQ(target(1), "/dev/null");
    EXPECT_TRUE(target(ChildProcess::kChannel).starts_with("socket:"));
    EXPECT_TRUE(target(ChildProcess::kChannel + 1).starts_with("pipe:"));
    EXPECT_EQ(target(ChildProcess::kChannel + 1), target(ChildProcess::kChannel + 2));
    for (int descriptor = ChildProcess::kChannel + 3; descriptor < 64; ++descriptor) {
        EXPECT_EQ(target(descriptor), "") << descriptor;
    }
    ::close(pipe[0]);
    ::close(pipe[1]);
}

TEST(ChildProcess, DoesNotInheritTheEnvironment) {
    ::setenv("NOTIFY_SOCKET", "/run/notify", 1);
    ::setenv("JOURNAL_STREAM", "8:1", 1);
    const auto child = ChildProcess::start(plan("environment"));
    ::unsetenv("NOTIFY_SOCKET");
    ::unsetenv("JOURNAL_STREAM");
    ASSERT_TRUE(child) << child.error().message();
    const std::string told = receive(*child);
    EXPECT_EQ(told.find("NOTIFY_SOCKET"), std::string::npos) << told;
    EXPECT_NE(told.find("JOURNAL_STREAM=8:1"), std::string::npos) << told;
}

TEST(ChildProcess, DiesWithItsParent) {
    std::array<int, 2> output{};
    ASSERT_EQ(::pipe(output.data()), 0);
    const pid_t parent = ::fork();
    ASSERT_GE(parent, 0);
    if (parent == 0) {
        ::dup2(output[1], STDOUT_FILENO);
        ::execl(TOLLGATE_CHILD_PROGRAM, "child_program", nullptr);
        ::_exit(1);
    }
    std::array<char, 32> line{};
    EXPECT_GT(::read(output[0], line.data(), line.size() - 1), 0);
    const FileDescriptor child{
        static_cast<int>(::syscall(SYS_pidfd_open, std::stoi(line.data()), 0))};
    ASSERT_TRUE(child);
    ::kill(parent, SIGKILL);
    ::waitpid(parent, nullptr, 0);
    pollfd ended{child.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&ended, 1, static_cast<int>(kLong.count())), 1);
    ::close(output[0]);
    ::close(output[1]);
}

TEST(ChildProcess, IsNotPlayedByAProgramThatNobodyStartedAsAChild) {
    const int status =
        std::system(TOLLGATE_CHILD_PROGRAM " --role=echo 3<&-");  // NOLINT(cert-env33-c)
    EXPECT_EQ(WEXITSTATUS(status), 10);
}

TEST(ChildProcess, CannotBeAProgramThatIsNotThere) {
    auto absent = plan("echo");
    absent.program = "/nonexistent/program";
    const auto child = ChildProcess::start(absent);
    ASSERT_FALSE(child);
    EXPECT_EQ(child.error().code, std::errc::no_such_file_or_directory);
}

}  // namespace
}  // namespace tollgate::test

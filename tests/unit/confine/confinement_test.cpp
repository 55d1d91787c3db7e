// SPDX-License-Identifier: MIT
#include "agent/confine/confinement.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "agent/confine/landlock.hpp"
#include "agent/confine/privileges.hpp"
#include "tests/support/confined_child.hpp"

namespace tollgate::test {
namespace {

using agent::Confinement;
using agent::FileDescriptor;
using agent::SyscallProfile;

constexpr auto kNone = "0000000000000000";

class ConfinementTest : public testing::Test {
  protected:
    void SetUp() override {
        if (!can_filter_syscalls()) {
            GTEST_SKIP() << "an emulator without system call filters";
        }
    }
};

TEST_F(ConfinementTest, LeavesNoPrivilegeThatTheKernelShows) {
    const ConfinedChild child{{SyscallProfile::exporter, {}, {}}};
    for (const auto* const set : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) {
        EXPECT_EQ(child.status(set), kNone) << set;
    }
    EXPECT_EQ(child.status("NoNewPrivs"), "1");
    EXPECT_EQ(child.status("Seccomp"), "2");
}

TEST_F(ConfinementTest, KeepsOneCapabilityIfToldTo) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root";
    }
    Confinement wanted{SyscallProfile::data, {}, {}};
    wanted.kept = agent::Kept::bpf;
    const ConfinedChild child{wanted};
    for (const auto* const set : {"CapPrm", "CapEff"}) {
        EXPECT_EQ(child.status(set), "0000008000000000") << set;
    }
    for (const auto* const set : {"CapInh", "CapBnd", "CapAmb"}) {
        EXPECT_EQ(child.status(set), kNone) << set;
    }
    EXPECT_EQ(child.status("Uid").substr(0, 1), "6") << "it is somebody else all the same";
}

TEST_F(ConfinementTest, AskingWhoMayUseMapsChangesNothing) {
    const auto capabilities = [] {
        std::ifstream file{"/proc/thread-self/status"};
        const std::string text{std::istreambuf_iterator<char>{file}, {}};
        return text.substr(text.find("CapInh"), text.find("NoNewPrivs") - text.find("CapInh"));
    };
    const std::string before = capabilities();
    const auto privileged = agent::are_map_entries_privileged();
    ASSERT_TRUE(privileged) << privileged.error().message();
    EXPECT_EQ(capabilities(), before);
}

TEST_F(ConfinementTest, SparesNobodyWhenMemoryIsShort) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root";
    }
    const auto score_of = [](const std::string& process) {
        int score = -1;
        std::ifstream{"/proc/" + process + "/oom_score_adj"} >> score;
        return score;
    };
    const int before = score_of("self");
    for (const auto& [agents, childs] : {std::pair{-500, 0}, std::pair{300, 300}}) {
        std::ofstream{"/proc/self/oom_score_adj"} << agents;
        const ConfinedChild child{{SyscallProfile::exporter, {}, {}}};
        EXPECT_EQ(score_of(std::to_string(child.pid())), childs);
    }
    std::ofstream{"/proc/self/oom_score_adj"} << before;
    EXPECT_EQ(score_of("self"), before);
}

// In a process of its own: not everybody may raise a limit again.
TEST_F(ConfinementTest, LeavesALimitThatIsLowerAlready) {
    const auto is_left = [] {
        const rlimit low{200, 300};
        agent::ProcessLimits wanted;
        wanted.open_files = 4096;
        if (::setrlimit(RLIMIT_NOFILE, &low) != 0) {
            return false;
        }
        const ConfinedChild child{{SyscallProfile::exporter, {}, wanted}};
        std::ifstream file{"/proc/" + std::to_string(child.pid()) + "/limits"};
        const std::string limits{std::istreambuf_iterator<char>{file}, {}};
        return std::regex_search(limits, std::regex{"Max open files +300 +300 "});
    };
    EXPECT_EXIT(std::_Exit(is_left() ? 0 : 1), ::testing::ExitedWithCode(0), "");
}

TEST_F(ConfinementTest, OfRootLeavesNeitherUserNorGroupsNorBoundingSet) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root";
    }
    const ConfinedChild child{{SyscallProfile::yaml, {}, {}}};
    EXPECT_NE(child.status("Uid").substr(0, 2), "0\t");
    EXPECT_NE(child.status("Gid").substr(0, 2), "0\t");
    EXPECT_EQ(child.status("Groups"), "");
    EXPECT_EQ(child.status("CapBnd"), kNone);
}

TEST_F(ConfinementTest, ClosesEveryDescriptorButThoseThatAreListed) {
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    ConfinedChild child{
        {SyscallProfile::exporter, {pipe[1]}, {}}, [&] {
            for (int descriptor = 0; descriptor < 64; ++descriptor) {
                pollfd asked{descriptor, 0, 0};
                const bool open = ::poll(&asked, 1, 0) == 0 || (asked.revents & POLLNVAL) == 0;
                if (open != (descriptor == STDERR_FILENO || descriptor == pipe[1])) {
                    return descriptor + 1;
                }
            }
            return 0;
        }};
    EXPECT_EQ(child.wait().message(), "exited with 0");
    ::close(pipe[0]);
    ::close(pipe[1]);
}

/// "soft hard" of a line of /proc/PID/limits, which anybody may read.
std::string limits_of(pid_t process, std::string_view name) {
    std::ifstream file{"/proc/" + std::to_string(process) + "/limits"};
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(name)) {
            std::istringstream rest{line.substr(name.size())};
            std::string soft;
            std::string hard;
            rest >> soft >> hard;
            return soft.append(" ").append(hard);
        }
    }
    return "";
}

TEST_F(ConfinementTest, LimitsForGood) {
    const ConfinedChild child{
        {SyscallProfile::yaml,
         {},
         {.memory_bytes = {}, .cpu_seconds = 5, .open_files = 16, .file_bytes = 0}}};
    EXPECT_EQ(limits_of(child.pid(), "Max core file size"), "0 0");
    EXPECT_EQ(limits_of(child.pid(), "Max cpu time"), "5 6") << "a second to say so";
    EXPECT_EQ(limits_of(child.pid(), "Max open files"), "16 16");
    EXPECT_EQ(limits_of(child.pid(), "Max file size"), "0 0");
}

TEST_F(ConfinementTest, IsToldInOneLine) {
    agent::ConfinementReport report;
    report.user = 65534;
    report.landlock = 2;
    EXPECT_EQ(agent::describe({SyscallProfile::data, {}, {}}, report),
              "user=65534 capabilities=none no_new_privs=1 seccomp=data landlock=2");
}

// A process whose parent dies while it waits, confined. Its end closes a pipe that this process
// reads.
TEST_F(ConfinementTest, KeepsTheSignalOfTheParentsDeath) {
    std::array<int, 2> alive{};
    std::array<int, 2> confined{};
    ASSERT_EQ(::pipe(alive.data()), 0);
    ASSERT_EQ(::pipe(confined.data()), 0);
    const pid_t parent = ::fork();
    ASSERT_GE(parent, 0);
    if (parent == 0) {
        if (::fork() == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
            const bool done =
                !!agent::confine({SyscallProfile::exporter, {alive[1], confined[1]}, {}});
            const char byte = done ? 'c' : 'f';
            [[maybe_unused]] const ssize_t told = ::write(confined[1], &byte, 1);
            ::poll(nullptr, 0, -1);
            ::_exit(0);
        }
        ::pause();
        ::_exit(0);
    }
    ::close(alive[1]);
    ::close(confined[1]);
    char byte = 0;
    ASSERT_EQ(::read(confined[0], &byte, 1), 1);
    EXPECT_EQ(byte, 'c');
    pollfd gone{alive[0], 0, 0};
    EXPECT_EQ(::poll(&gone, 1, 0), 0) << "it ends before its parent does";
    ::kill(parent, SIGKILL);
    ::waitpid(parent, nullptr, 0);
    EXPECT_EQ(::read(alive[0], &byte, 1), 0);  // waits for its end
    ::close(alive[0]);
    ::close(confined[0]);
}

TEST(Landlock, TakesTheFileSystemByItself) {
    const std::uint32_t abi = agent::landlock_abi();
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        const bool taken = agent::renounce_new_privileges() && agent::take_file_system() == abi;
        const FileDescriptor file{::open("/etc/passwd", O_RDONLY | O_CLOEXEC)};
        ::_exit(!taken ? 2 : file ? 1 : errno == EACCES ? 0 : 3);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), abi == 0 ? 1 : 0);
}

}  // namespace
}  // namespace tollgate::test

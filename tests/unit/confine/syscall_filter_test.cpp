// SPDX-License-Identifier: MIT
#include <array>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <string>
#include <tuple>

#include <fcntl.h>
#include <linux/bpf.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "agent/confine/confinement.hpp"
#include "tests/support/confined_child.hpp"

namespace tollgate::test {
namespace {

using agent::SyscallProfile;

int bpf(int command) {
    bpf_attr attributes{};
    return static_cast<int>(::syscall(SYS_bpf, command, &attributes, sizeof attributes));
}

/// Something that a confined process must not do. Returns as the system call does.
struct Attempt {
    const char* name;
    long (*act)();
};

constexpr Attempt kAttempts[] = {
    {"OpenAFile",
     [] {
         return long{::open("/etc/passwd", O_RDONLY)};
     }},
    {"OpenAFileBelow",
     [] {
         return long{::openat(AT_FDCWD, "/etc/passwd", O_RDONLY)};
     }},
    {"MakeAFile",
     [] {
         return long{::open("/tmp/tollgate-test", O_CREAT | O_WRONLY, 0600)};
     }},
    {"RemoveAFile",
     [] {
         return long{::unlink("/tmp/tollgate-test")};
     }},
    {"RunAProgram",
     [] {
         return long{::execl("/bin/true", "true", nullptr)};
     }},
    {"MakeASocket",
     [] {
         return long{::socket(AF_INET, SOCK_STREAM, 0)};
     }},
    {"MakeARawSocket",
     [] {
         return long{::socket(AF_PACKET, SOCK_RAW, 0)};
     }},
    {"Connect",
     [] {
         return long{::connect(0, nullptr, 0)};
     }},
    {"Listen",
     [] {
         return long{::listen(0, 1)};
     }},
    {"LoadABpfProgram",
     [] {
         return long{bpf(BPF_PROG_LOAD)};
     }},
    {"MakeABpfMap",
     [] {
         return long{bpf(BPF_MAP_CREATE)};
     }},
    {"FreezeABpfMap",
     [] {
         return long{bpf(BPF_MAP_FREEZE)};
     }},
    {"OpenAPin",
     [] {
         return long{bpf(BPF_OBJ_GET)};
     }},
    {"Pin",
     [] {
         return long{bpf(BPF_OBJ_PIN)};
     }},
    {"GetAMapById",
     [] {
         return long{bpf(BPF_MAP_GET_FD_BY_ID)};
     }},
    {"DetachALink",
     [] {
         return long{bpf(BPF_LINK_DETACH)};
     }},
    {"TraceItsParent",
     [] {
         return ::ptrace(PTRACE_ATTACH, ::getppid(), nullptr, nullptr);
     }},
    {"OpenTheMemoryOfAnother",
     [] {
         return long{::open("/proc/1/mem", O_RDWR)};
     }},
    {"ReadTheMemoryOfItsParent",
     [] {
         iovec none{};
         return long{::process_vm_readv(::getppid(), &none, 1, &none, 1, 0)};
     }},
    {"SignalItsParent",
     [] {
         return long{::kill(::getppid(), 0)};
     }},
    {"SignalAThreadOfItsParent",
     [] {
         return ::syscall(SYS_tgkill, ::getppid(), ::getppid(), 0);
     }},
    {"SignalByDescriptor",
     [] {
         return ::syscall(SYS_pidfd_open, ::getppid(), 0);
     }},
    {"MakeAProcess",
     [] {
         return long{::fork()};
     }},
    {"MakeMemoryExecutable",
     [] {
         void* const page = ::mmap(nullptr, 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
         return long{::mprotect(page, 1, PROT_READ | PROT_EXEC)};
     }},
    {"MapExecutableMemory",
     [] {
         return ::mmap(nullptr, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
                        MAP_FAILED
                    ? -1L
                    : 0L;
     }},
    {"BecomeRoot",
     [] {
         return long{::setuid(0)};
     }},
    {"MakeANamespace",
     [] {
         return long{::unshare(CLONE_NEWUSER)};
     }},
    {"Mount",
     [] {
         return long{::mount("none", "/mnt", "tmpfs", 0, nullptr)};
     }},
    {"BeDumpable",
     [] {
         return long{::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)};
     }},
    {"TypeIntoTheTerminal",
     [] {
         return long{::ioctl(STDERR_FILENO, TIOCSTI, "x")};
     }},
#if defined(__x86_64__)
    {"UseTheOtherAbi",
     [] {
         return ::syscall(0x40000000 | SYS_openat, AT_FDCWD, "/", O_RDONLY);
     }},
#endif
};

template <typename Parameter>
class Filtered : public testing::TestWithParam<Parameter> {
  protected:
    void SetUp() override {
        if (!can_filter_syscalls()) {
            GTEST_SKIP() << "an emulator without system call filters";
        }
    }
};

/// Those that read and write one descriptor.
bool is_smallest(SyscallProfile profile) {
    return profile == SyscallProfile::yaml || profile == SyscallProfile::dns;
}

class EveryProfile : public Filtered<std::tuple<SyscallProfile, Attempt>> {};

// Processes with threads go on without files: malloc(3) asks for one now and then.
TEST_P(EveryProfile, RefusesWhoWantsTo) {
    const auto& [profile, attempt] = GetParam();
    ConfinedChild child{{profile, {}, {}}, [act = attempt.act] {
                            return act() < 0 ? 1 : 0;
                        }};
    const std::string_view name{attempt.name};
    const bool opens = (name.starts_with("Open") && name != "OpenAPin") || name == "MakeAFile";
    const bool goes_on = (!is_smallest(profile) && opens) ||
                         (profile == SyscallProfile::data && name == "RemoveAFile");
    EXPECT_EQ(child.wait().message(), goes_on ? "exited with 1" : "was killed by SIGSYS");
}

INSTANTIATE_TEST_SUITE_P(SyscallFilter,
                         EveryProfile,
                         testing::Combine(testing::ValuesIn(agent::kSyscallProfiles),
                                          testing::ValuesIn(kAttempts)),
                         [](const auto& test) {
                             return std::string{agent::name_of(std::get<0>(test.param))} + "_" +
                                    std::get<1>(test.param).name;
                         });

int pump(int from, int to) {
    std::string grown(std::size_t{1} << 20U, 'x');  // more memory than it has
    char byte = 0;
    return ::read(from, &byte, 1) == 1 && ::write(to, &byte, 1) == 1 && grown.back() == 'x' ? 0 : 1;
}

// Not std::thread: its virtual function lets the sanitizer of undefined behaviour make a pipe.
int start_a_thread() {
    pthread_t thread{};
    bool ran = false;
    const auto run = [](void* into) -> void* {
        *static_cast<bool*>(into) = true;
        return nullptr;
    };
    const bool done =
        ::pthread_create(&thread, nullptr, run, &ran) == 0 && ::pthread_join(thread, nullptr) == 0;
    return done && ran ? 0 : 1;
}

class Profile : public Filtered<SyscallProfile> {};

TEST_P(Profile, LetsReadAndWriteWhatIsOpen) {
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    ASSERT_EQ(::write(pipe[1], "x", 1), 1);
    ConfinedChild child{{GetParam(), {pipe[0], pipe[1]}, {}}, [&] {
                            return pump(pipe[0], pipe[1]);
                        }};
    EXPECT_EQ(child.wait().message(), "exited with 0");
    ::close(pipe[0]);
    ::close(pipe[1]);
}

TEST_P(Profile, LetsStartThreadsButForTheSmallest) {
    ConfinedChild child{{GetParam(), {}, {}}, start_a_thread};
    EXPECT_EQ(child.wait().message(),
              is_smallest(GetParam()) ? "was killed by SIGSYS" : "exited with 0");
}

TEST_P(Profile, LetsUseEntriesOfMapsForData) {
    ConfinedChild child{{GetParam(), {}, {}}, [] {
                            return bpf(BPF_MAP_LOOKUP_ELEM) < 0 ? 0 : 1;
                        }};
    EXPECT_EQ(child.wait().message(),
              GetParam() == SyscallProfile::data ? "exited with 0" : "was killed by SIGSYS");
}

TEST_P(Profile, LetsAcceptConnectionsButForTheSmallest) {
    ConfinedChild child{{GetParam(), {}, {}}, [] {
                            return ::accept4(0, nullptr, nullptr, 0) < 0 ? 0 : 1;
                        }};
    EXPECT_EQ(child.wait().message(),
              is_smallest(GetParam()) ? "was killed by SIGSYS" : "exited with 0");
}

INSTANTIATE_TEST_SUITE_P(SyscallFilter,
                         Profile,
                         testing::ValuesIn(agent::kSyscallProfiles),
                         [](const auto& test) { return std::string{agent::name_of(test.param)}; });

}  // namespace
}  // namespace tollgate::test

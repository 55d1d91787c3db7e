// SPDX-License-Identifier: MIT
#include "agent/confine/syscall_profile.hpp"

#include <cerrno>
#include <initializer_list>
#include <utility>

#include <linux/bpf.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

namespace tollgate::agent {

namespace {

// Arguments of 32 bits: the kernel does not look at the upper half, so neither do the tests.
constexpr std::uint64_t kInt = 0xffffffff;

ArgumentTest is(unsigned index, std::uint64_t value) {
    return {index, kInt, value & kInt};
}

ArgumentTest lacks(unsigned index, std::uint64_t bits) {
    return {index, bits, 0};
}

/// The list of a profile in the making.
class Rules {
  public:
    void allow(std::initializer_list<int> numbers) {
        for (const int number : numbers) {
            rules_.push_back({number, {}, 0});
        }
    }
    void allow_if(int number, std::vector<ArgumentTest> tests) {
        rules_.push_back({number, std::move(tests), 0});
    }
    void refuse(int number, std::uint16_t error) { rules_.push_back({number, {}, error}); }
    std::vector<SyscallRule> take() { return std::move(rules_); }

  private:
    std::vector<SyscallRule> rules_;
};

// malloc(3), and an end of its own or by a failed assertion.
void add_program(Rules& rules, pid_t self) {
    rules.allow({SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise)});
    rules.allow_if(SCMP_SYS(mmap), {lacks(2, PROT_EXEC)});
    rules.allow_if(SCMP_SYS(mmap2), {lacks(2, PROT_EXEC)});
    rules.allow_if(SCMP_SYS(mprotect), {lacks(2, PROT_EXEC)});
    rules.allow({SCMP_SYS(futex), SCMP_SYS(futex_time64)});
    rules.allow({SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(getpid), SCMP_SYS(gettid)});
    rules.allow({SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigreturn)});
    rules.allow_if(SCMP_SYS(tgkill), {is(0, static_cast<std::uint64_t>(self))});
}

void add_streams(Rules& rules) {
    rules.allow({SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(close)});
    rules.allow({SCMP_SYS(fstat), SCMP_SYS(fstat64)});
}

void add_clocks(Rules& rules) {
    rules.allow({SCMP_SYS(clock_gettime), SCMP_SYS(clock_gettime64), SCMP_SYS(gettimeofday)});
    rules.allow({SCMP_SYS(clock_nanosleep), SCMP_SYS(clock_nanosleep_time64)});
    rules.allow({SCMP_SYS(nanosleep), SCMP_SYS(restart_syscall)});
}

// The C library falls back from clone3, whose flags a filter cannot see, to clone.
void add_threads(Rules& rules) {
    rules.refuse(SCMP_SYS(clone3), ENOSYS);
    rules.allow_if(SCMP_SYS(clone), {{0, CLONE_THREAD, CLONE_THREAD}});
    rules.allow({SCMP_SYS(set_robust_list), SCMP_SYS(rseq)});
    rules.allow({SCMP_SYS(rt_sigaction), SCMP_SYS(sigaltstack)});
    rules.allow({SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(getcpu)});
    rules.allow_if(SCMP_SYS(prctl), {is(0, PR_SET_NAME)});
}

void add_sockets(Rules& rules) {
    rules.allow({SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(shutdown)});
    rules.allow({SCMP_SYS(recv), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg)});
    rules.allow({SCMP_SYS(send), SCMP_SYS(sendto), SCMP_SYS(sendmsg)});
    rules.allow({SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(ppoll_time64)});
}

void add_loop(Rules& rules) {
    rules.allow({SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait)});
    rules.allow({SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(eventfd2)});
    rules.allow({SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_settime64)});
}

void add_socket_options(Rules& rules, int call, int level, std::initializer_list<int> options) {
    for (const int option : options) {
        rules.allow_if(
            call,
            {is(1, static_cast<std::uint64_t>(level)), is(2, static_cast<std::uint64_t>(option))});
    }
}

void add_exporter(Rules& rules) {
    // malloc(3) looks into /proc/sys before it gives memory of a thread back.
    rules.refuse(SCMP_SYS(openat), EACCES);
    rules.refuse(SCMP_SYS(open), EACCES);
    rules.allow({SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(getrandom)});
    add_socket_options(
        rules, SCMP_SYS(setsockopt), SOL_SOCKET, {SO_RCVTIMEO, SO_SNDTIMEO, SO_LINGER});
    add_socket_options(rules, SCMP_SYS(getsockopt), SOL_SOCKET, {SO_ERROR, SO_PEERCRED});
}

// Entries of maps whose descriptors it has; not BPF_MAP_FREEZE, which the kernel would let anybody
// do who holds one.
void add_map_entries(Rules& rules) {
    for (const auto command : {BPF_MAP_LOOKUP_ELEM,
                               BPF_MAP_UPDATE_ELEM,
                               BPF_MAP_DELETE_ELEM,
                               BPF_MAP_GET_NEXT_KEY,
                               BPF_MAP_LOOKUP_AND_DELETE_ELEM,
                               BPF_MAP_LOOKUP_BATCH,
                               BPF_MAP_UPDATE_BATCH,
                               BPF_MAP_DELETE_BATCH}) {
        rules.allow_if(SCMP_SYS(bpf), {is(0, command)});
    }
}

// What a tunnel leaves in the file system, the agent removes. malloc(3) looks into /proc/sys before
// it gives memory back.
void refuse_files(Rules& rules) {
    for (const int call : {SCMP_SYS(open),
                           SCMP_SYS(openat),
                           SCMP_SYS(newfstatat),
                           SCMP_SYS(fstatat64),
                           SCMP_SYS(statx),
                           SCMP_SYS(lstat),
                           SCMP_SYS(lstat64),
                           SCMP_SYS(unlink),
                           SCMP_SYS(unlinkat)}) {
        rules.refuse(call, EACCES);
    }
}

void add_data(Rules& rules) {
    refuse_files(rules);
    rules.allow({SCMP_SYS(recvmmsg), SCMP_SYS(recvmmsg_time64), SCMP_SYS(sendmmsg)});
    rules.allow({SCMP_SYS(getsockname), SCMP_SYS(getrandom)});
    // Memory for keys.
    rules.allow({SCMP_SYS(memfd_secret), SCMP_SYS(ftruncate), SCMP_SYS(ftruncate64)});
    rules.allow({SCMP_SYS(mlock), SCMP_SYS(mlock2), SCMP_SYS(munlock)});
    rules.allow({SCMP_SYS(accept4), SCMP_SYS(getsockopt)});
    constexpr std::uint64_t kRequests[] = {TUNGETIFF,
                                           TUNSETCARRIER,
                                           TUNSETPERSIST,
                                           SIOCGIFMTU,
                                           SIOCGIFINDEX,
                                           SIOCGIFNAME,
                                           SIOCGIFHWADDR,
                                           SIOCETHTOOL};
    for (const std::uint64_t request : kRequests) {
        rules.allow_if(SCMP_SYS(ioctl), {is(1, request)});
    }
    // What a socket may be told without rights concerns that socket only, but for the sharing of
    // addresses: sockets of the agent's could be joined with the same user's others.
    for (const int level :
         std::initializer_list<int>{IPPROTO_IP, IPPROTO_IPV6, IPPROTO_UDP, SOL_XDP}) {
        rules.allow_if(SCMP_SYS(setsockopt), {is(1, static_cast<std::uint64_t>(level))});
    }
    add_socket_options(rules,
                       SCMP_SYS(setsockopt),
                       SOL_SOCKET,
                       {SO_RCVBUF, SO_SNDBUF, SO_RXQ_OVFL, SO_ATTACH_REUSEPORT_CBPF});
    add_map_entries(rules);
}

}  // namespace

std::string_view name_of(SyscallProfile profile) {
    switch (profile) {
        case SyscallProfile::yaml:
            return "yaml";
        case SyscallProfile::dns:
            return "dns";
        case SyscallProfile::exporter:
            return "exporter";
        case SyscallProfile::data:
            return "data";
    }
    return "unknown";
}

std::vector<SyscallRule> rules_of(SyscallProfile profile, pid_t self) {
    Rules rules;
    add_program(rules, self);
    add_streams(rules);
    if (profile == SyscallProfile::yaml || profile == SyscallProfile::dns) {
        return rules.take();
    }
    add_clocks(rules);
    add_threads(rules);
    add_sockets(rules);
    add_loop(rules);
    profile == SyscallProfile::data ? add_data(rules) : add_exporter(rules);
    return rules.take();
}

}  // namespace tollgate::agent

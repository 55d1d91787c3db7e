// SPDX-License-Identifier: MIT
#include "agent/doctor/scratch.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <vector>

#include <linux/if_link.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/doctor/bpf_call.hpp"
#include "agent/system/interface.hpp"
#include "agent/system/netlink.hpp"

namespace tollgate::agent {
namespace {

constexpr int kPatienceMs = 10'000;
constexpr std::uint32_t kFrameBytes = 2048;
constexpr std::uint32_t kRingEntries = 64;
constexpr const char* kInterface = "veth0";

/// What the child writes into the pipe.
struct Report {
    std::int32_t preparation = 0;  ///< errno of what comes before the trials
    ScratchTrial trial{};
};

Result<void> make_veth() {
    constexpr std::array<std::uint8_t, 5> kKind{'v', 'e', 't', 'h', '\0'};
    std::array<std::uint8_t, RTA_LENGTH(kKind.size())> linked{};
    rtattr kind{};
    kind.rta_len = static_cast<std::uint16_t>(linked.size());
    kind.rta_type = IFLA_INFO_KIND;
    std::memcpy(linked.data(), &kind, sizeof kind);
    std::memcpy(linked.data() + sizeof kind, kKind.data(), kKind.size());
    netlink::Request request{RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, ifinfomsg{}};
    request.add(IFLA_LINKINFO, linked);
    return netlink::order(request, "make a veth pair");
}

Result<void> bring_up(unsigned index) {
    ifinfomsg body{};
    body.ifi_index = static_cast<int>(index);
    body.ifi_flags = IFF_UP;
    body.ifi_change = IFF_UP;
    return netlink::order({RTM_NEWLINK, NLM_F_ACK, body}, "bring an interface up");
}

int errno_of(const Result<void>& result) {
    return result ? 0 : result.error().code.value();
}

int try_native_xdp(unsigned index) {
    const auto program = load_passing_program(BPF_PROG_TYPE_XDP);
    if (!program) {
        return program.error().code.value();
    }
    bpf_attr attributes{};
    attributes.link_create.prog_fd = static_cast<__u32>(program->get());
    attributes.link_create.target_ifindex = index;
    attributes.link_create.attach_type = BPF_XDP;
    attributes.link_create.flags = XDP_FLAGS_DRV_MODE;
    const FileDescriptor link{static_cast<int>(bpf_call(BPF_LINK_CREATE, attributes))};
    return link ? 0 : errno;
}

bool set(int socket, int option, const void* value, std::size_t size) {
    return ::setsockopt(socket, SOL_XDP, option, value, static_cast<socklen_t>(size)) == 0;
}

void try_xdp_socket(unsigned index, ScratchTrial& trial) {
    const FileDescriptor socket{::socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0)};
    if (!socket) {
        trial.xdp_socket = errno;
        return;
    }
    void* frames = ::mmap(
        nullptr, kScratchFrameBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (frames == MAP_FAILED) {
        trial.memory = errno;
        return;
    }
    xdp_umem_reg memory{};
    memory.addr = bpf_address(frames);
    memory.len = kScratchFrameBytes;
    memory.chunk_size = kFrameBytes;
    if (!set(socket.get(), XDP_UMEM_REG, &memory, sizeof memory)) {
        trial.memory = errno;
        return;
    }
    for (const int ring : {XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING}) {
        if (!set(socket.get(), ring, &kRingEntries, sizeof kRingEntries)) {
            trial.bind = errno;
            return;
        }
    }
    sockaddr_xdp address{};
    address.sxdp_family = AF_XDP;
    address.sxdp_ifindex = index;
    const void* generic = &address;
    if (::bind(socket.get(), static_cast<const sockaddr*>(generic), sizeof address) != 0) {
        trial.bind = errno;
    }
}

Report work() {
    Report report;
    if (::unshare(CLONE_NEWNET) != 0) {
        report.preparation = errno;
        return report;
    }
    report.preparation = errno_of(make_veth());
    const auto index = interface_index(kInterface);
    if (report.preparation == 0) {
        report.preparation = index ? errno_of(bring_up(*index)) : index.error().code.value();
    }
    if (report.preparation == 0) {
        report.trial.native_xdp = try_native_xdp(*index);
        try_xdp_socket(*index, report.trial);
    }
    return report;
}

/// The child's report; nothing: it died, or takes too long.
std::optional<Report> read_report(int pipe) {
    pollfd readable{.fd = pipe, .events = POLLIN, .revents = 0};
    Report report;
    const bool whole = ::poll(&readable, 1, kPatienceMs) == 1 &&
                       ::read(pipe, &report, sizeof report) == static_cast<ssize_t>(sizeof report);
    return whole ? std::optional{report} : std::nullopt;
}

}  // namespace

Result<ScratchTrial> try_on_scratch_interface() {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) {
        return failure(errno, "make a pipe");
    }
    const FileDescriptor from{ends[0]};
    FileDescriptor to{ends[1]};
    const pid_t child = ::fork();
    if (child < 0) {
        return failure(errno, "start a process");
    }
    if (child == 0) {
        const Report report = work();
        const ssize_t written = ::write(to.get(), &report, sizeof report);
        ::_exit(written == static_cast<ssize_t>(sizeof report) ? 0 : 1);
    }
    to.reset();
    const auto report = read_report(from.get());
    if (!report) {
        ::kill(child, SIGKILL);
    }
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    if (!report) {
        return failure(ETIMEDOUT, "try on a scratch interface");
    }
    if (report->preparation != 0) {
        return failure(report->preparation, "make a scratch interface");
    }
    return report->trial;
}

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#include "agent/doctor/host_facts.hpp"

#include <charconv>
#include <ctime>
#include <fstream>

#include <linux/magic.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/timex.h>
#include <sys/utsname.h>

#include <fmt/format.h>

#include <tollgate/ip.hpp>

#include "agent/system/file_descriptor.hpp"
#include "agent/system/processor.hpp"

namespace tollgate::agent {
namespace {

std::string first_line(const std::string& path) {
    std::string line;
    std::getline(std::ifstream{path}, line);
    while (line.ends_with('\0') || line.ends_with('\n')) {
        line.pop_back();
    }
    return line;
}

template <typename Number>
std::optional<Number> parse(std::string_view text, int base = 10) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return error == std::errc{} ? std::optional{number} : std::nullopt;
}

/// "[integrity]" of "none [integrity] confidentiality".
std::string chosen(const std::string& line) {
    const std::size_t begin = line.find('[');
    const std::size_t end = line.find(']');
    return begin < end && end != std::string::npos ? line.substr(begin + 1, end - begin - 1) : "";
}

/// What stands behind a label in a file of lines: "CapEff:\t0000003fffffffff".
std::string labelled(const std::string& path, std::string_view label) {
    std::ifstream file{path};
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(label)) {
            const std::size_t begin = line.find_first_not_of(" \t", label.size());
            return begin == std::string::npos ? "" : line.substr(begin);
        }
    }
    return {};
}

/// The MTU of the way to an address; 0: no way there. Nothing is sent.
int mtu_to(int family, const sockaddr* address, socklen_t size) {
    const FileDescriptor socket{::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    int mtu = 0;
    socklen_t length = sizeof mtu;
    const bool ipv4 = family == AF_INET;
    if (!socket || ::connect(socket.get(), address, size) != 0 ||
        ::getsockopt(socket.get(),
                     ipv4 ? IPPROTO_IP : IPPROTO_IPV6,
                     ipv4 ? IP_MTU : IPV6_MTU,
                     &mtu,
                     &length) != 0) {
        return 0;
    }
    return mtu;
}

}  // namespace

KernelFacts kernel_facts() {
    KernelFacts facts;
    utsname names{};
    ::uname(&names);
    facts.release = names.release;
    const std::size_t dot = std::min(facts.release.find('.'), facts.release.size());
    facts.major = parse<unsigned>(facts.release).value_or(0);
    facts.minor = parse<unsigned>(std::string_view{facts.release}.substr(
                                      std::min(dot + 1, facts.release.size())))
                      .value_or(0);
    facts.arm32 = agent::is_arm32(names.machine);
    facts.realtime = std::string_view{names.version}.find("PREEMPT_RT") != std::string_view::npos;
    facts.jit = parse<int>(first_line("/proc/sys/net/core/bpf_jit_enable"));
    facts.unprivileged_bpf = parse<int>(first_line("/proc/sys/kernel/unprivileged_bpf_disabled"));
    struct statfs file_system {};
    facts.bpffs = ::statfs("/sys/fs/bpf", &file_system) == 0 &&
                  static_cast<std::uint32_t>(file_system.f_type) == BPF_FS_MAGIC;
    facts.lockdown = chosen(first_line("/sys/kernel/security/lockdown"));
    constexpr unsigned kKibi = 10;
    if (const auto kib = parse<std::uint64_t>(labelled("/proc/meminfo", "MemTotal:"))) {
        facts.memory_bytes = *kib << kKibi;
    }
    return facts;
}

ClockFacts clock_facts() {
    timex state{};
    const int answer = ::adjtimex(&state);
    return {std::time(nullptr), answer >= 0 && (state.status & STA_UNSYNC) == 0};
}

std::optional<ProcessFacts> process_facts(pid_t pid) {
    constexpr int kHex = 16;
    const std::string folder = fmt::format("/proc/{}", pid);
    const auto capabilities = parse<std::uint64_t>(labelled(folder + "/status", "CapEff:"), kHex);
    if (!capabilities) {
        return std::nullopt;
    }
    ProcessFacts facts;
    facts.pid = pid;
    facts.capabilities = *capabilities;
    facts.locked_bytes = parse<std::uint64_t>(labelled(folder + "/limits", "Max locked memory"));
    facts.profile = first_line(folder + "/attr/current");
    if (facts.profile == "unconfined") {
        facts.profile.clear();
    }
    return facts;
}

std::optional<std::uint32_t> mtu_of_way(const std::string& endpoint) {
    const std::size_t colon = endpoint.rfind(':');
    if (colon == std::string::npos) {
        return std::nullopt;
    }
    std::string text = endpoint.substr(0, colon);
    if (text.starts_with('[') && text.ends_with(']')) {
        text = text.substr(1, text.size() - 2);
    }
    const auto address = IpAddress::parse(text);
    const auto port = parse<std::uint16_t>(std::string_view{endpoint}.substr(colon + 1));
    if (!address || !port) {
        return std::nullopt;
    }
    int mtu = 0;
    if (address->is_ipv4()) {
        constexpr std::size_t kOffset = 12;  // of an IPv4 address in the mapped form
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(*port);
        std::copy(address->bytes.begin() + kOffset,
                  address->bytes.end(),
                  static_cast<unsigned char*>(static_cast<void*>(&to.sin_addr)));
        const void* generic = &to;
        mtu = mtu_to(AF_INET, static_cast<const sockaddr*>(generic), sizeof to);
    } else {
        sockaddr_in6 to{};
        to.sin6_family = AF_INET6;
        to.sin6_port = htons(*port);
        std::copy(address->bytes.begin(), address->bytes.end(), to.sin6_addr.s6_addr);
        const void* generic = &to;
        mtu = mtu_to(AF_INET6, static_cast<const sockaddr*>(generic), sizeof to);
    }
    return mtu > 0 ? std::optional{static_cast<std::uint32_t>(mtu)} : std::nullopt;
}

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#include <array>
#include <bit>
#include <cstdint>
#include <fstream>
#include <sstream>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fmt/format.h>

#include "agent/cli/support_bundle.hpp"
#include "agent/doctor/interface_facts.hpp"
#include "agent/system/interface.hpp"

namespace tollgate::cli {
namespace {

constexpr std::size_t kTextMax = std::size_t{256} << 10U;

/// A file of /proc or /sys, or the reason why not.
std::string content_of(const char* path) {
    std::ifstream file{path};
    std::ostringstream text;
    text << file.rdbuf();
    return file ? text.str().substr(0, kTextMax) : "(not there, or not for this user)\n";
}

std::string with_titles(std::initializer_list<const char*> paths) {
    std::string text;
    for (const char* path : paths) {
        text += fmt::format("# {}\n{}\n", path, content_of(path));
    }
    return text;
}

/// As the kernel holds it.
std::string ipv4_text(std::uint32_t address) {
    std::array<char, INET_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET, &address, text.data(), text.size());
    return text.data();
}

std::string kernel_text() {
    utsname names{};
    ::uname(&names);
    return fmt::format("release {}\nversion {}\nmachine {}\ncpus {}\n\n",
                       names.release,
                       names.version,
                       names.machine,
                       ::sysconf(_SC_NPROCESSORS_ONLN)) +
           with_titles({"/etc/os-release",
                        "/proc/sys/net/core/bpf_jit_enable",
                        "/proc/sys/net/core/bpf_jit_harden",
                        "/proc/sys/kernel/unprivileged_bpf_disabled",
                        "/sys/kernel/security/lockdown",
                        "/sys/kernel/security/lsm",
                        "/proc/loadavg",
                        "/proc/meminfo"});
}

/// /proc/net/route has addresses in hex, in the byte order of the host.
std::string routes_text() {
    std::ifstream file{"/proc/net/route"};
    std::string text = "# IPv4 routes\n";
    std::string line;
    std::getline(file, line);  // the names of the columns
    while (std::getline(file, line)) {
        std::istringstream columns{line};
        std::string interface;
        std::string unused;
        std::uint32_t to = 0;
        std::uint32_t gateway = 0;
        std::uint32_t mask = 0;
        int metric = 0;
        columns >> interface >> std::hex >> to >> gateway >> unused >> unused >> unused >>
            std::dec >> metric >> std::hex >> mask;
        text += fmt::format("{}/{} via {} dev {} metric {}\n",
                            ipv4_text(to),
                            std::popcount(mask),
                            ipv4_text(gateway),
                            interface,
                            metric);
    }
    return text + "\n";
}

/// Counters of the interfaces, by name.
std::string interfaces_text() {
    std::string text;
    for (const std::string& name : agent::interfaces()) {
        const auto driver = agent::driver_facts(name);
        text +=
            fmt::format("{}: index {}, driver {}, XDP features {}, LRO {}\n",
                        name,
                        agent::interface_index(name).value_or(0),
                        driver && !driver->name.empty() ? driver->name : "-",
                        driver && driver->xdp_features ? fmt::format("{:#x}", *driver->xdp_features)
                                                       : "not known",
                        driver && driver->lro ? "on" : "off");
        const auto addresses = agent::interface_addresses(name);
        for (const auto& address : addresses.value_or(std::vector<agent::InterfaceAddress>{})) {
            text += fmt::format(
                "    {} in {}\n", address.address.to_string(), address.network.to_string());
        }
    }
    return text + "\n" + routes_text() + with_titles({"/proc/net/dev", "/proc/net/arp"});
}

}  // namespace

std::vector<agent::ArchiveEntry> host_files() {
    return {{"host/kernel.txt", kernel_text()},
            {"host/interfaces.txt", interfaces_text()},
            {"host/sockets.txt",
             with_titles({"/proc/net/sockstat", "/proc/net/snmp", "/proc/net/softnet_stat"})}};
}

}  // namespace tollgate::cli

// SPDX-License-Identifier: MIT
#include "agent/cli/caller.hpp"

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <vector>

#include <pwd.h>
#include <unistd.h>

#include <fmt/format.h>

#include <tollgate/ip.hpp>

namespace tollgate::cli {
namespace {

constexpr std::string_view kVariable = "SSH_CONNECTION=";

/// Field `number` (from 1) of /proc/PID/stat, proc(5); empty if the process is gone.
std::string stat_field(pid_t pid, int number) {
    std::ifstream file{fmt::format("/proc/{}/stat", pid)};
    std::string line;
    std::getline(file, line);
    const std::size_t name_end = line.rfind(')');  // the name may hold anything
    if (name_end == std::string::npos) {
        return {};
    }
    std::istringstream fields{line.substr(name_end + 1)};
    std::string field;
    for (int i = 2; i < number; ++i) {
        fields >> field;
    }
    return fields ? field : std::string{};
}

pid_t parent_of(pid_t pid) {
    constexpr int kParentField = 4;
    const std::string field = stat_field(pid, kParentField);
    pid_t parent = 0;
    std::from_chars(field.data(), field.data() + field.size(), parent);
    return parent;
}

/// SSH_CONNECTION as a process found it when it started; empty: none, or not ours to read.
std::string ssh_connection_of(pid_t pid) {
    std::ifstream file{fmt::format("/proc/{}/environ", pid), std::ios::binary};
    std::string variable;
    while (std::getline(file, variable, '\0')) {
        if (variable.starts_with(kVariable)) {
            return variable.substr(kVariable.size());
        }
    }
    return {};
}

std::string ssh_connection() {
    constexpr int kGenerations = 32;
    if (const char* value = std::getenv("SSH_CONNECTION"); value != nullptr) {
        return value;
    }
    pid_t pid = ::getppid();
    for (int i = 0; i < kGenerations && pid > 1; ++i) {
        if (std::string found = ssh_connection_of(pid); !found.empty()) {
            return found;
        }
        pid = parent_of(pid);
    }
    return {};
}

/// The session id alone would come back after a reboot or a wrap-around: its leader's start time
/// makes it unique.
std::string terminal_session() {
    constexpr int kStartTimeField = 22;
    const pid_t session = ::getsid(0);
    const std::string start = stat_field(session, kStartTimeField);
    return session <= 0 || start.empty() ? std::string{} : fmt::format("{}.{}", session, start);
}

std::optional<unsigned> parse_port(const std::string& text) {
    constexpr unsigned kLastPort = 65535;
    unsigned port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole && port > 0 && port <= kLastPort ? std::optional{port} : std::nullopt;
}

/// An address without its zone ("fe80::1%eth0").
std::optional<IpAddress> parse_address(const std::string& text) {
    constexpr std::string_view kMapped = "::ffff:";
    std::string_view address{text};
    address = address.substr(0, address.find('%'));
    if (address.starts_with(kMapped) && address.find('.') != std::string_view::npos) {
        address.remove_prefix(kMapped.size());
    }
    return IpAddress::parse(address);
}

}  // namespace

std::optional<Json> parse_ssh_connection(std::string_view value) {
    std::istringstream stream{std::string{value}};
    std::string remote;
    std::string remote_port;
    std::string local;
    std::string local_port;
    if (!(stream >> remote >> remote_port >> local >> local_port)) {
        return std::nullopt;
    }
    const auto from = parse_address(remote);
    const auto from_port = parse_port(remote_port);
    const auto to = parse_address(local);
    const auto to_port = parse_port(local_port);
    if (!from || !from_port || !to || !to_port) {
        return std::nullopt;
    }
    return Json{{"remote", from->to_string()},
                {"remotePort", *from_port},
                {"local", to->to_string()},
                {"localPort", *to_port}};
}

Json client_session() {
    auto session = parse_ssh_connection(ssh_connection());
    if (!session) {
        return Json::object();
    }
    if (std::string terminal = terminal_session(); !terminal.empty()) {
        (*session)["tty"] = std::move(terminal);
    }
    return *std::move(session);
}

std::string caller_name() {
    if (const char* user = std::getenv("SUDO_USER"); user != nullptr && ::geteuid() == 0) {
        return user;
    }
    const passwd* entry = ::getpwuid(::geteuid());
    return entry != nullptr ? entry->pw_name : std::to_string(::geteuid());
}

}  // namespace tollgate::cli

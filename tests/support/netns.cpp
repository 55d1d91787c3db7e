// SPDX-License-Identifier: MIT
#include "tests/support/netns.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

namespace tollgate::test {

namespace {

using agent::FileDescriptor;

constexpr int kReceiveBytes = 64 << 20;  // a second of a flood: a slow reader loses nothing

// @param output  where standard output goes; negative: stays
int spawn(const std::vector<std::string>& command, int output) {
    std::vector<std::string> words = command;
    std::vector<char*> arguments;
    for (std::string& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions{};
    ::posix_spawn_file_actions_init(&actions);
    if (output >= 0) {
        ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    }
    pid_t child = 0;
    const int error =
        ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    return error == 0 ? child : -1;
}

int wait_for(int child) {
    int status = 0;
    while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

std::string joined(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, " "));
}

std::string unique_name(std::string_view label) {
    static int made = 0;
    return fmt::format("tg-{}-{}-{}", label, ::getpid(), ++made);
}

std::string path_of(const std::string& name) {
    return "/run/netns/" + name;
}

sockaddr_in endpoint(const std::string& address, std::uint16_t port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    ::inet_pton(AF_INET, address.c_str(), &to.sin_addr);
    return to;
}

const sockaddr* generic(const sockaddr_in& address) {
    const void* bytes = &address;
    return static_cast<const sockaddr*>(bytes);
}

}  // namespace

int run_command(const std::vector<std::string>& command) {
    return wait_for(spawn(command, -1));
}

std::string output_of(const std::vector<std::string>& command) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const FileDescriptor reading{ends[0]};
    FileDescriptor writing{ends[1]};
    const int child = spawn(command, writing.get());
    writing.reset();
    std::string output;
    std::array<char, 4096> chunk{};
    for (ssize_t size = 0; (size = ::read(reading.get(), chunk.data(), chunk.size())) > 0;) {
        output.append(chunk.data(), static_cast<std::size_t>(size));
    }
    EXPECT_EQ(wait_for(child), 0) << joined(command);
    return output;
}

NetworkNamespace::NetworkNamespace(std::string_view label) : name_{unique_name(label)} {
    EXPECT_EQ(run_command({"ip", "netns", "add", name_}), 0);
    // Before any interface exists: no router solicitation or duplicate address detection.
    const Inside here{*this};
    run_command({"sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1"});
    run_command({"ip", "link", "set", "lo", "up"});
}

void NetworkNamespace::remove() {
    if (!name_.empty()) {
        run_command({"ip", "netns", "del", name_});
        name_.clear();
    }
}

void NetworkNamespace::ip(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"ip", "-n", name_});
    EXPECT_EQ(run_command(arguments), 0) << joined(arguments);
}

Inside::Inside(const NetworkNamespace& there)
    : home_{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)} {
    const FileDescriptor target{::open(path_of(there.name()).c_str(), O_RDONLY | O_CLOEXEC)};
    EXPECT_EQ(::setns(target.get(), CLONE_NEWNET), 0) << there.name();
}

Inside::~Inside() {
    if (::setns(home_.get(), CLONE_NEWNET) != 0) {
        std::abort();  // every further test would run in the wrong place
    }
}

void connect(const VethEnd& one, const VethEnd& other) {
    one.where.ip({"link",
                  "add",
                  one.interface,
                  "type",
                  "veth",
                  "peer",
                  "name",
                  other.interface,
                  "netns",
                  other.where.name()});
    for (const VethEnd* end : {&one, &other}) {
        end->where.ip({"addr", "add", end->address, "dev", end->interface});
        end->where.ip({"link", "set", end->interface, "up"});
    }
}

void add_lonely_eth0(const NetworkNamespace& host) {
    host.ip({"link", "add", "eth0", "up", "type", "veth", "peer", "name", "wire0"});
    host.ip({"link", "set", "wire0", "up"});
    host.ip({"addr", "add", "192.0.2.1/24", "dev", "eth0"});
}

UdpSocket::UdpSocket(const NetworkNamespace& where, std::uint16_t port) {
    const Inside there{where};
    fd_.reset(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(
        ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBytes, sizeof kReceiveBytes),
        0);
    const sockaddr_in any = endpoint("0.0.0.0", port);
    EXPECT_EQ(::bind(fd_.get(), generic(any), sizeof any), 0) << std::strerror(errno);
}

bool UdpSocket::send(const std::string& address,
                     std::uint16_t port,
                     std::string_view payload) const {
    const sockaddr_in to = endpoint(address, port);
    return ::sendto(fd_.get(), payload.data(), payload.size(), 0, generic(to), sizeof to) ==
           static_cast<ssize_t>(payload.size());
}

std::optional<std::string> UdpSocket::receive(std::chrono::milliseconds timeout) const {
    pollfd ready{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, static_cast<int>(timeout.count())) != 1) {
        return std::nullopt;
    }
    std::array<char, 2048> datagram{};
    const ssize_t size = ::recv(fd_.get(), datagram.data(), datagram.size(), 0);
    return size < 0 ? std::nullopt
                    : std::optional{std::string{datagram.data(), static_cast<std::size_t>(size)}};
}

void RootTest::SetUp() {
    if (::geteuid() != 0) {
        ASSERT_EQ(std::getenv("CI"), nullptr) << "needs root";
        GTEST_SKIP() << "needs root";
    }
}

}  // namespace tollgate::test

// SPDX-License-Identifier: MIT
// What ChildProcess starts in its tests: a program of small roles, and a parent.
//
//   child_program --role=NAME …   echo, exit, fault, wait, nobody, environment: told on the channel
//   child_program                 starts one that waits, prints its process id, and waits
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include "agent/system/child_process.hpp"

namespace {

using tollgate::agent::ChildProcess;

int echo() {
    std::array<char, 4096> message{};
    for (;;) {
        const ssize_t size = ::recv(ChildProcess::kChannel, message.data(), message.size(), 0);
        if (size <= 0) {
            return 0;
        }
        ::send(ChildProcess::kChannel, message.data(), static_cast<std::size_t>(size), 0);
    }
}

int tell_environment() {
    std::string told;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        told += std::string{*variable} + "\n";
    }
    return ::send(ChildProcess::kChannel, told.data(), told.size(), 0) < 0 ? 1 : 0;
}

int wait_for_ever() {
    for (;;) {
        ::pause();
    }
}

// As a process that is confined: until its channel ends.
int wait_as_nobody() {
    constexpr uid_t kNobody = 65534;
    if (::setresuid(kNobody, kNobody, kNobody) != 0 ||
        ::send(ChildProcess::kChannel, "nobody", 6, 0) != 6) {
        return 11;
    }
    char byte = 0;
    return ::recv(ChildProcess::kChannel, &byte, 1, 0) == 0 ? 0 : 12;
}

int play(const std::string& role, const std::vector<std::string>& arguments) {
    if (!tollgate::agent::begin_child()) {
        return 10;
    }
    if (role == "echo") {
        return echo();
    }
    if (role == "nobody") {
        return wait_as_nobody();
    }
    if (role == "environment") {
        return tell_environment();
    }
    if (role == "exit") {
        return std::stoi(arguments.at(1));
    }
    if (role == "fault") {
        static_cast<void>(::raise(SIGSYS));
    }
    return wait_for_ever();
}

int be_parent() {
    ChildProcess::Plan plan;
    plan.role = "wait";
    const auto child = ChildProcess::start(plan);
    if (!child) {
        return 1;
    }
    std::printf("%d\n", child->pid());
    static_cast<void>(std::fflush(stdout));
    return wait_for_ever();
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments{argv + 1, argv + argc};
    const auto role = tollgate::agent::role_of(arguments);
    return role ? play(*role, arguments) : be_parent();
}

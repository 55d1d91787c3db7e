// SPDX-License-Identifier: MIT
#include "tests/support/confined_child.hpp"

#include <array>
#include <csignal>
#include <fstream>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tollgate::test {

using agent::confine;
using agent::Confinement;
using agent::ProcessEnd;

namespace {

// Before a call that does not return, the address sanitizer asks for the signal stack, which no
// profile allows: so this is not declared as one, and not looked after.
__attribute__((no_sanitize("address"))) void leave(int status) {
    ::_exit(status);
}

}  // namespace

ConfinedChild::ConfinedChild(const Confinement& wanted, const std::function<int()>& act)
    : pid_{::fork()} {
    if (pid_ == 0) {
        leave(confine(wanted) ? act() : kNotConfined);
    }
}

ConfinedChild::ConfinedChild(const Confinement& wanted) {
    std::array<int, 2> hold{-1, -1};
    std::array<int, 2> ready{-1, -1};
    if (::pipe(hold.data()) != 0 || ::pipe(ready.data()) != 0) {
        return;
    }
    pid_ = ::fork();
    if (pid_ == 0) {
        Confinement holding = wanted;
        holding.descriptors.insert(holding.descriptors.end(), {hold[0], ready[1]});
        char byte = 1;
        if (!confine(holding) || ::write(ready[1], &byte, 1) != 1) {
            leave(kNotConfined);
        }
        leave(static_cast<int>(::read(hold[0], &byte, 1)));
    }
    hold_.reset(hold[1]);
    ::close(hold[0]);
    ::close(ready[1]);
    char byte = 0;
    [[maybe_unused]] const ssize_t told = ::read(ready[0], &byte, 1);
    ::close(ready[0]);
}

ConfinedChild::~ConfinedChild() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
}

std::string ConfinedChild::status(const std::string& name) const {
    std::ifstream file{"/proc/" + std::to_string(pid_) + "/status"};
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(name + ":")) {
            const auto value = line.find_first_not_of(" \t", name.size() + 1);
            return value == std::string::npos ? "" : line.substr(value);
        }
    }
    return "absent";
}

ProcessEnd ConfinedChild::wait() {
    hold_.reset();
    int status = 0;
    if (pid_ <= 0 || ::waitpid(pid_, &status, 0) != pid_) {
        return {kNotConfined, 0};
    }
    pid_ = -1;
    return WIFSIGNALED(status) ? ProcessEnd{0, WTERMSIG(status)}
                               : ProcessEnd{WEXITSTATUS(status), 0};
}

bool can_filter_syscalls() {
    return ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}

}  // namespace tollgate::test

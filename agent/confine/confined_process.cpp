// SPDX-License-Identifier: MIT
#include "agent/confine/confined_process.hpp"

#include <array>
#include <cerrno>
#include <utility>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

namespace tollgate::agent {

namespace {

Failure not_confined(const ChildProcess::Plan& plan, std::string_view why) {
    return failure(fmt::format("the process for {} {}", plan.role, why));
}

}  // namespace

Result<ConfinedProcess> start_confined(const ChildProcess::Plan& plan,
                                       std::chrono::milliseconds patience) {
    auto started = ChildProcess::start(plan);
    if (!started) {
        return Failure{started.error()};
    }
    std::array<pollfd, 2> ready{{{started->channel(), POLLIN, 0}, {started->end_fd(), POLLIN, 0}}};
    ::poll(ready.data(), ready.size(), static_cast<int>(patience.count()));
    ConfinementReport report;
    const ssize_t size = ::recv(started->channel(), &report, sizeof report, 0);
    if (size == static_cast<ssize_t>(sizeof report)) {
        return ConfinedProcess{std::move(*started), report};
    }
    const auto end = started->wait(std::chrono::seconds{1});
    return not_confined(plan, end ? end->message() : "does not answer");
}

Result<void> begin_confined(Confinement wanted, int descriptors) {
    if (auto begun = begin_child(); !begun) {
        return begun;
    }
    for (int i = 0; i <= descriptors; ++i) {
        wanted.descriptors.push_back(ChildProcess::kChannel + i);
    }
    const auto report = confine(wanted);
    if (!report) {
        return Failure{report.error()};
    }
    if (::write(ChildProcess::kChannel, &*report, sizeof *report) < 0) {
        return failure(errno, "tell the agent");
    }
    return {};
}

}  // namespace tollgate::agent

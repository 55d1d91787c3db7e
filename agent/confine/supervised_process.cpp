// SPDX-License-Identifier: MIT
#include "agent/confine/supervised_process.hpp"

#include <algorithm>
#include <utility>

#include <sys/epoll.h>

#include "agent/report/log.hpp"

namespace tollgate::agent {

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kDelayMax = 60;  // seconds

}  // namespace

SupervisedProcess::SupervisedProcess(std::string name,
                                     SyscallProfile profile,
                                     EventLoop& loop,
                                     const Clock& clock,
                                     Start start)
    : name_{std::move(name)},
      profile_{profile},
      loop_{loop},
      clock_{clock},
      start_{std::move(start)} {}

SupervisedProcess::~SupervisedProcess() {
    if (running_) {
        loop_.forget(running_->process.end_fd());
    }
}

void SupervisedProcess::start() {
    if (auto started = start_once(); !started) {
        wait_longer(started.error().message());
    }
}

Result<void> SupervisedProcess::start_once() {
    auto started = start_();
    if (!started) {
        return Failure{started.error()};
    }
    running_.emplace(std::move(*started));
    started_ns_ = clock_.boot_ns();
    log(LogLevel::info,
        "process.started",
        {{"name", name_},
         {"pid", static_cast<int>(running_->process.pid())},
         {"user", static_cast<std::uint64_t>(running_->report.user)},
         {"landlock", static_cast<std::uint64_t>(running_->report.landlock)}});
    return loop_.watch(running_->process.end_fd(), EPOLLIN, [this](std::uint32_t) { take_end(); });
}

void SupervisedProcess::take_end() {
    const auto end = running_->process.wait(std::chrono::milliseconds{0});
    if (!end) {
        return;
    }
    note_end(end->message());
}

void SupervisedProcess::end(std::string why) {
    if (running_) {
        const auto earlier = running_->process.wait(std::chrono::milliseconds{0});
        running_->process.kill();
        note_end(earlier ? earlier->message() : std::move(why));
    }
}

void SupervisedProcess::note_end(std::string why) {
    loop_.forget(running_->process.end_fd());
    if (clock_.boot_ns() - started_ns_ >= kDelayMax * kSecond) {
        delay_s_ = 0;
    }
    wait_longer(std::move(why));
}

void SupervisedProcess::wait_longer(std::string why) {
    running_.reset();
    last_end_ = std::move(why);
    delay_s_ = std::clamp(delay_s_ * 2, std::uint64_t{1}, kDelayMax);
    due_ns_ = clock_.boot_ns() + delay_s_ * kSecond;
    log(LogLevel::error,
        "process.ended",
        {{"name", name_}, {"how", last_end_}, {"again_in_s", delay_s_}});
}

void SupervisedProcess::tick() {
    if (!running_ && due_ns_ != 0 && clock_.boot_ns() >= due_ns_) {
        ++restarts_;
        start();
    }
}

ProcessStatus SupervisedProcess::status() const {
    ProcessStatus status{name_, 0, restarts_, last_end_, std::string{name_of(profile_)}, {}};
    if (running_) {
        status.pid = running_->process.pid();
        status.report = running_->report;
    }
    return status;
}

}  // namespace tollgate::agent

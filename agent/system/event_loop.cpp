// SPDX-License-Identifier: MIT
#include "agent/system/event_loop.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <fmt/format.h>

namespace tollgate::agent {

namespace {

timespec timespec_of(std::chrono::nanoseconds duration) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
    return {.tv_sec = static_cast<std::time_t>(seconds.count()),
            .tv_nsec = static_cast<long>((duration - seconds).count())};
}

}  // namespace

Result<EventLoop> EventLoop::create() {
    FileDescriptor epoll{::epoll_create1(EPOLL_CLOEXEC)};
    if (!epoll) {
        return failure(errno, "make an epoll instance");
    }
    return EventLoop{std::move(epoll)};
}

Result<void> EventLoop::watch(int fd, std::uint32_t events, Callback callback) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    int error = ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
    if (error != 0 && errno == EEXIST) {
        error = ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
    }
    if (error != 0) {
        return failure(errno, fmt::format("watch descriptor {}", fd));
    }
    callbacks_[fd] = std::make_shared<Callback>(std::move(callback));
    return {};
}

void EventLoop::forget(int fd) {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
    callbacks_.erase(fd);
}

Result<void> EventLoop::run_once(std::chrono::milliseconds timeout) {
    std::array<epoll_event, 32> ready{};
    const int wait = timeout.count() < 0 ? -1 : static_cast<int>(timeout.count());
    const int count = ::epoll_wait(epoll_.get(), ready.data(), ready.size(), wait);
    if (count < 0) {
        return errno == EINTR ? Result<void>{} : failure(errno, "wait for events");
    }
    for (int i = 0; i < count && !stopped_; ++i) {
        const auto& event = ready[static_cast<std::size_t>(i)];
        if (const auto found = callbacks_.find(event.data.fd); found != callbacks_.end()) {
            const std::shared_ptr<Callback> callback = found->second;
            (*callback)(event.events);
        }
    }
    return {};
}

Result<void> EventLoop::run() {
    stopped_ = false;
    while (!stopped_) {
        if (auto once = run_once(std::chrono::milliseconds{-1}); !once) {
            return once;
        }
    }
    return {};
}

Result<Timer> Timer::create() {
    FileDescriptor fd{::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)};
    if (!fd) {
        return failure(errno, "make a timer");
    }
    return Timer{std::move(fd)};
}

Result<void> Timer::arm(std::chrono::nanoseconds first, std::chrono::nanoseconds interval) {
    // Zero would disarm it.
    const auto soonest = std::max(first, std::chrono::nanoseconds{1});
    const itimerspec times{.it_interval = timespec_of(interval), .it_value = timespec_of(soonest)};
    if (::timerfd_settime(fd_.get(), 0, &times, nullptr) != 0) {
        return failure(errno, "arm a timer");
    }
    return {};
}

Result<void> Timer::disarm() {
    const itimerspec never{};
    if (::timerfd_settime(fd_.get(), 0, &never, nullptr) != 0) {
        return failure(errno, "disarm a timer");
    }
    return {};
}

std::uint64_t Timer::take() const {
    std::uint64_t expirations = 0;
    const ssize_t size = ::read(fd_.get(), &expirations, sizeof expirations);
    return size == sizeof expirations ? expirations : 0;
}

Result<SignalSource> SignalSource::block(std::initializer_list<int> signals) {
    sigset_t set{};
    sigemptyset(&set);
    for (const int signal : signals) {
        sigaddset(&set, signal);
    }
    if (const int error = ::pthread_sigmask(SIG_BLOCK, &set, nullptr); error != 0) {
        return failure(error, "block signals");
    }
    FileDescriptor fd{::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
    if (!fd) {
        return failure(errno, "make a signal descriptor");
    }
    return SignalSource{std::move(fd)};
}

std::optional<int> SignalSource::take() const {
    signalfd_siginfo signal{};
    if (::read(fd_.get(), &signal, sizeof signal) != static_cast<ssize_t>(sizeof signal)) {
        return std::nullopt;
    }
    return static_cast<int>(signal.ssi_signo);
}

}  // namespace tollgate::agent

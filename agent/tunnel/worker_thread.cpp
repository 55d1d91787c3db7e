// SPDX-License-Identifier: MIT
#include "agent/tunnel/worker_thread.hpp"

#include <chrono>
#include <cstdlib>
#include <system_error>
#include <utility>

#include <pthread.h>
#include <sys/epoll.h>

#include <fmt/format.h>

#include "agent/report/log.hpp"

namespace tollgate::agent {

namespace {

// The loop looks at the clock at least so often: epoll does not count the time that the machine
// sleeps.
constexpr std::chrono::milliseconds kWaitMax{10'000};

std::chrono::milliseconds wait_until(crypto::Instant next, crypto::Instant now) {
    if (next <= now) {
        return std::chrono::milliseconds{0};
    }
    if (next - now >= kWaitMax) {
        return kWaitMax;
    }
    return std::chrono::ceil<std::chrono::milliseconds>(next - now);
}

}  // namespace

std::string backend_text(const Link& link) {
    return fmt::format("{} ({})", link.name(), link.reason());
}

Result<std::unique_ptr<WorkerThread>> WorkerThread::create(std::string interface,
                                                           std::size_t number,
                                                           const Clock& clock) {
    auto loop = EventLoop::create();
    if (!loop) {
        return Failure{loop.error()};
    }
    std::unique_ptr<WorkerThread> made{
        new WorkerThread{std::move(interface), number, clock, std::move(*loop)}};
    auto tasks = TaskQueue::create();
    if (!tasks) {
        return Failure{tasks.error()};
    }
    made->tasks_ = std::move(*tasks);
    return made->loop_
        .watch(
            made->tasks_->fd(), EPOLLIN, [raw = made.get()](auto) { raw->tasks_->run_waiting(); })
        .map([&] { return std::move(made); });
}

Result<void> WorkerThread::take(Worker& worker) {
    worker_ = &worker;
    const auto watch_inbox = [this]() -> Result<void> {
        const InitiationInbox* const inbox = worker_->inbox();
        return inbox == nullptr ? Result<void>{}
                                : loop_.watch(inbox->descriptor(), EPOLLIN, [](auto) {});
    };
    return loop_
        .watch(
            worker.port_descriptor(), EPOLLIN, [this](auto) { worker_->port_is_readable(now()); })
        .and_then(watch_inbox)
        .and_then([this] { return watch_link(); });
}

Result<void> WorkerThread::watch_link() {
    for (const int descriptor : std::exchange(watched_, worker_->link_descriptors())) {
        loop_.forget(descriptor);
    }
    for (const int descriptor : watched_) {
        auto watched = loop_.watch(descriptor, EPOLLIN, [this, descriptor](auto) {
            worker_->link_is_readable(descriptor, now());
        });
        if (!watched) {
            return watched;
        }
    }
    return {};
}

void WorkerThread::refresh_link() {
    if (!worker_->refresh_link()) {
        return;
    }
    const auto watched = watch_link();
    log(watched ? LogLevel::info : LogLevel::error,
        "tunnel.backend_changed",
        {{"interface", interface_},
         {"backend", backend_text(worker_->link())},
         {"error", watched ? "" : watched.error().message()}});
}

Now WorkerThread::now() const {
    return {crypto::Instant{clock_.boot_ns()},
            std::chrono::sys_time<std::chrono::nanoseconds>{
                std::chrono::nanoseconds{clock_.wall_ns()}}};
}

Result<void> WorkerThread::start() {
    try {
        thread_ = std::thread{[this] {
            run();
        }};
    } catch (const std::system_error& error) {
        return failure(error.code().value(),
                       fmt::format("start thread {} of {}", number_, interface_));
    }
    return {};
}

void WorkerThread::stop() {
    if (thread_.joinable()) {
        tasks_->call([this] { return stopping_ = true; });
        thread_.join();
    }
}

// The name is cut off after 15 characters.
void WorkerThread::run() {
    const std::string name = fmt::format("{}:{}", number_, interface_);
    ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
    while (!stopping_) {
        refresh_link();
        const Now before = now();
        const crypto::Instant next = worker_->work(before);
        if (const auto once = loop_.run_once(wait_until(next, before.boot)); !once) {
            // Its peers would be cut off without anybody's knowing, and who asks it something would
            // wait for ever. The gate stays closed while systemd starts the agent again.
            log(LogLevel::error,
                "tunnel.thread_failed",
                {{"interface", interface_}, {"error", once.error().message()}});
            std::abort();
        }
    }
}

}  // namespace tollgate::agent

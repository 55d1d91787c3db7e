// SPDX-License-Identifier: MIT
#include "agent/control/http_queue.hpp"

#include <cstdlib>
#include <exception>
#include <utility>

#include "agent/report/log.hpp"

namespace tollgate::agent {

namespace {

thread_local HttpQueue::Time::time_point accepted_of_thread;

// httplib answers what a handler throws, but not what its own reading does where there is no
// memory, and nobody but it can close the connection. The gate stays while the service manager
// starts the agent again.
void serve(const std::function<void()>& connection) {
    try {
        connection();
    } catch (const std::exception& error) {
        log(LogLevel::error, "http.failed", {{"error", error.what()}});
        std::_Exit(EXIT_FAILURE);
    }
}

}  // namespace

HttpQueue::HttpQueue(std::size_t threads, std::size_t room) : room_{room} {
    for (std::size_t i = 0; i < threads; ++i) {
        threads_.emplace_back([this] { serve_all(); });
    }
}

HttpQueue::~HttpQueue() {
    shutdown();
}

void HttpQueue::enqueue(std::function<void()> serve) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return waiting_.size() < room_ || is_ending_; });
    waiting_.push_back({std::move(serve), Time::now()});
    changed_.notify_all();
}

void HttpQueue::shutdown() {
    {
        const std::lock_guard lock{mutex_};
        is_ending_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) {
        thread.join();
    }
    threads_.clear();
}

std::size_t HttpQueue::waiting() const {
    const std::lock_guard lock{mutex_};
    return waiting_.size();
}

HttpQueue::Time::time_point HttpQueue::accepted() {
    return accepted_of_thread;
}

void HttpQueue::serve_all() {
    std::unique_lock lock{mutex_};
    for (;;) {
        changed_.wait(lock, [this] { return !waiting_.empty() || is_ending_; });
        if (waiting_.empty()) {
            return;
        }
        const Waiting next = std::move(waiting_.front());
        waiting_.pop_front();
        changed_.notify_all();
        lock.unlock();
        accepted_of_thread = next.accepted;
        serve(next.serve);
        lock.lock();
    }
}

}  // namespace tollgate::agent

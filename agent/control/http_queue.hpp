// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include <httplib.h>

namespace tollgate::agent {

/// The threads of a server and the accepted connections that wait for one. There is only so much
/// room for these: enqueue() waits for it, and the kernel keeps the rest. Thread-safe.
class HttpQueue final : public httplib::TaskQueue {
  public:
    using Time = std::chrono::steady_clock;

    HttpQueue(std::size_t threads, std::size_t room);
    ~HttpQueue() override;
    HttpQueue(const HttpQueue&) = delete;
    HttpQueue& operator=(const HttpQueue&) = delete;

    void enqueue(std::function<void()> serve) override;
    /// Serves those that wait, then ends the threads.
    void shutdown() override;

    [[nodiscard]] std::size_t waiting() const;
    /// When the connection that the calling thread serves was accepted.
    [[nodiscard]] static Time::time_point accepted();

  private:
    struct Waiting {
        std::function<void()> serve;
        Time::time_point accepted;
    };
    void serve_all();

    const std::size_t room_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Waiting> waiting_;
    bool is_ending_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace tollgate::agent

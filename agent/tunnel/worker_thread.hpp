// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/system/clock.hpp"
#include "agent/system/event_loop.hpp"
#include "agent/system/task_queue.hpp"
#include "agent/tunnel/worker.hpp"

namespace tollgate::agent {

/// A thread that runs one worker of a tunnel: waits until it has something to do, and does tasks of
/// other threads in between.
class WorkerThread {
  public:
    /// @param number  of the worker @param clock  outlives this
    [[nodiscard]] static Result<std::unique_ptr<WorkerThread>> create(std::string interface,
                                                                      std::size_t number,
                                                                      const Clock& clock);
    /// As stop().
    ~WorkerThread() { stop(); }
    WorkerThread(const WorkerThread&) = delete;
    WorkerThread& operator=(const WorkerThread&) = delete;

    /// @pre the thread has not started @param worker  outlives the thread
    [[nodiscard]] Result<void> take(Worker& worker);
    /// @return what pthread_create() returns: EAGAIN, where processes or memory are limited
    [[nodiscard]] Result<void> start();
    /// Ends the thread; what it has watched is not watched any more.
    void stop();

    /// Waits for the link's descriptors of now instead of those before. In the thread, or while it
    /// stands still.
    [[nodiscard]] Result<void> watch_link();

    [[nodiscard]] TaskQueue& tasks() { return *tasks_; }
    /// For more to wait for, in the thread or before it starts.
    [[nodiscard]] EventLoop& loop() { return loop_; }
    [[nodiscard]] Now now() const;

  private:
    WorkerThread(std::string interface, std::size_t number, const Clock& clock, EventLoop loop)
        : interface_{std::move(interface)},
          number_{number},
          clock_{clock},
          loop_{std::move(loop)} {}

    void refresh_link();
    void run();

    std::string interface_;
    std::size_t number_;
    const Clock& clock_;
    EventLoop loop_;
    std::unique_ptr<TaskQueue> tasks_;
    Worker* worker_ = nullptr;
    std::vector<int> watched_;
    bool stopping_ = false;
    std::thread thread_;
};

/// "udp (as configured)"
[[nodiscard]] std::string backend_text(const Link& link);

}  // namespace tollgate::agent

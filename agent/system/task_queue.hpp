// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

/// How other threads have something done by the loop's thread, which alone owns the agent's state:
/// the only lock of the agent. Thread-safe but for fd() and run_waiting(), which are the loop's.
class TaskQueue {
  public:
    [[nodiscard]] static Result<std::unique_ptr<TaskQueue>> create();

    ~TaskQueue() { close(); }
    TaskQueue(const TaskQueue&) = delete;
    TaskQueue& operator=(const TaskQueue&) = delete;

    /// Runs `work` in the loop's thread and waits for what it returns (not void). Never call it in
    /// the loop's thread.
    /// @return none: the queue is closed, the work was not and will not be done
    template <typename Work>
    auto call(Work work) -> std::optional<decltype(work())> {
        return begin(std::move(work)).get();
    }

    /// As call(), but waits no longer than that. The work may still be done later, and so must not
    /// refer to anything on the caller's stack.
    template <typename Work>
    auto call_within(std::chrono::milliseconds time, Work work) -> std::optional<decltype(work())> {
        auto answer = begin(std::move(work));
        return answer.wait_for(time) == std::future_status::ready ? answer.get() : std::nullopt;
    }

    /// As call(), without waiting. What the work refers to must outlive the queue.
    template <typename Work>
    auto begin(Work work) -> std::future<std::optional<decltype(work())>> {
        using Value = decltype(work());
        auto promise = std::make_shared<std::promise<std::optional<Value>>>();
        auto answer = promise->get_future();
        post([promise, work = std::move(work)](bool open) mutable {
            promise->set_value(open ? std::optional<Value>{work()} : std::nullopt);
        });
        return answer;
    }

    /// Polls readable when tasks wait.
    [[nodiscard]] int fd() const { return event_.get(); }
    void run_waiting();
    /// Lets waiting and later calls return none.
    void close();

  private:
    using Task = std::function<void(bool open)>;

    explicit TaskQueue(FileDescriptor event) : event_{std::move(event)} {}
    void post(Task task);

    FileDescriptor event_;
    std::mutex mutex_;
    std::vector<Task> waiting_;
    bool closed_ = false;
};

}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#include "agent/system/task_queue.hpp"

#include <cerrno>
#include <cstdint>

#include <sys/eventfd.h>
#include <unistd.h>

namespace tollgate::agent {

Result<std::unique_ptr<TaskQueue>> TaskQueue::create() {
    FileDescriptor event{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (!event) {
        return failure(errno, "make an event descriptor");
    }
    return std::unique_ptr<TaskQueue>{new TaskQueue(std::move(event))};
}

void TaskQueue::post(Task task) {
    {
        const std::lock_guard lock{mutex_};
        if (!closed_) {
            waiting_.push_back(std::move(task));
            const std::uint64_t one = 1;
            // Fails only when the counter is at its limit, and then the loop is awake anyway.
            [[maybe_unused]] const ssize_t written = ::write(event_.get(), &one, sizeof one);
            return;
        }
    }
    task(false);
}

void TaskQueue::run_waiting() {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t size = ::read(event_.get(), &count, sizeof count);
    std::vector<Task> tasks;
    {
        const std::lock_guard lock{mutex_};
        tasks.swap(waiting_);
    }
    for (Task& task : tasks) {
        task(true);
    }
}

void TaskQueue::close() {
    std::vector<Task> tasks;
    {
        const std::lock_guard lock{mutex_};
        closed_ = true;
        tasks.swap(waiting_);
    }
    for (Task& task : tasks) {
        task(false);
    }
}

}  // namespace tollgate::agent

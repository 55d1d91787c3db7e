// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <unordered_map>

#include <tollgate/result.hpp>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

/// Calls back when a descriptor is ready (epoll, level-triggered). Not thread-safe: one thread
/// runs it and does all registrations; only stop() may be called in a callback.
class EventLoop {
  public:
    /// @param events  EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR
    using Callback = std::function<void(std::uint32_t events)>;

    [[nodiscard]] static Result<EventLoop> create();

    /// Watches a descriptor, which stays the caller's. A second call for the same descriptor
    /// replaces the first. May be called in a callback.
    [[nodiscard]] Result<void> watch(int fd, std::uint32_t events, Callback callback);
    /// Stops watching; call it before the descriptor is closed. May be called in a callback.
    void forget(int fd);

    /// Waits once and calls back for what is ready. @param timeout negative: for ever
    [[nodiscard]] Result<void> run_once(std::chrono::milliseconds timeout);
    /// Runs until stop().
    [[nodiscard]] Result<void> run();
    void stop() { stopped_ = true; }

  private:
    explicit EventLoop(FileDescriptor epoll) : epoll_{std::move(epoll)} {}

    FileDescriptor epoll_;
    /// Shared, so that a callback survives forgetting itself.
    std::unordered_map<int, std::shared_ptr<Callback>> callbacks_;
    bool stopped_ = false;
};

/// A timer that polls readable when it has expired (timerfd of CLOCK_BOOTTIME).
class Timer {
  public:
    [[nodiscard]] static Result<Timer> create();

    [[nodiscard]] int fd() const { return fd_.get(); }
    /// Expires after `first`, at once if that is not positive, then every `interval`; zero: once.
    [[nodiscard]] Result<void> arm(std::chrono::nanoseconds first,
                                   std::chrono::nanoseconds interval = {});
    [[nodiscard]] Result<void> disarm();
    /// How often it has expired since the last call; the descriptor is no longer readable.
    [[nodiscard]] std::uint64_t take() const;

  private:
    explicit Timer(FileDescriptor fd) : fd_{std::move(fd)} {}
    FileDescriptor fd_;
};

/// Signals as a descriptor (signalfd). They stay blocked in the thread that made it and in the
/// threads that it starts; make it before any thread.
class SignalSource {
  public:
    [[nodiscard]] static Result<SignalSource> block(std::initializer_list<int> signals);

    [[nodiscard]] int fd() const { return fd_.get(); }
    /// The next signal that has arrived; none if there is none.
    [[nodiscard]] std::optional<int> take() const;

  private:
    explicit SignalSource(FileDescriptor fd) : fd_{std::move(fd)} {}
    FileDescriptor fd_;
};

}  // namespace tollgate::agent

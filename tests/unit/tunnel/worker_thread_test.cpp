// SPDX-License-Identifier: MIT
#include "agent/tunnel/worker_thread.hpp"

#include <cerrno>
#include <cstddef>
#include <limits>

#include <pthread.h>

#include <gtest/gtest.h>

namespace tollgate::test {
namespace {

/// New threads ask for a stack of more than there are addresses, so that none begins.
class NoRoomForThreads {
  public:
    NoRoomForThreads() {
        pthread_attr_init(&wanted_);
        pthread_getattr_default_np(&before_);
        pthread_attr_setstacksize(&wanted_, std::numeric_limits<std::size_t>::max() / 4 * 3);
        pthread_setattr_default_np(&wanted_);
    }
    ~NoRoomForThreads() {
        pthread_setattr_default_np(&before_);
        pthread_attr_destroy(&wanted_);
        pthread_attr_destroy(&before_);
    }
    NoRoomForThreads(const NoRoomForThreads&) = delete;
    NoRoomForThreads& operator=(const NoRoomForThreads&) = delete;

  private:
    pthread_attr_t before_{};
    pthread_attr_t wanted_{};
};

TEST(WorkerThread, AThreadThatTheSystemDoesNotGiveIsAnError) {
    const agent::SystemClock clock;
    const auto thread = agent::WorkerThread::create("wg0", 2, clock).value();
    const NoRoomForThreads none;
    const auto started = thread->start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code.value(), EAGAIN);
    EXPECT_EQ(started.error().context, "start thread 2 of wg0");
    thread->stop();  // which has nothing to end
}

}  // namespace
}  // namespace tollgate::test

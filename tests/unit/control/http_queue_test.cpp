// SPDX-License-Identifier: MIT
#include "agent/control/http_queue.hpp"

#include <atomic>
#include <new>

#include <gtest/gtest.h>

namespace tollgate::agent {
namespace {

void serve_without_memory() {
    HttpQueue queue{1, 8};
    queue.enqueue([] { throw std::bad_alloc{}; });
    queue.shutdown();
}

TEST(HttpQueueDeathTest, AConnectionWithoutMemoryEndsTheAgentWithALine) {
    EXPECT_EXIT(serve_without_memory(),
                ::testing::ExitedWithCode(EXIT_FAILURE),
                "event=http.failed error=std::bad_alloc");
}

TEST(HttpQueue, ServesThoseThatWaitBeforeItEnds) {
    std::atomic<int> served = 0;
    HttpQueue queue{2, 8};
    for (int i = 0; i < 5; ++i) {
        queue.enqueue([&] { ++served; });
    }
    queue.shutdown();
    EXPECT_EQ(served, 5);
}

}  // namespace
}  // namespace tollgate::agent

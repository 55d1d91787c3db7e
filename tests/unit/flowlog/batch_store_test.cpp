// SPDX-License-Identifier: MIT
#include "agent/flowlog/batch_store.hpp"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.hpp"

namespace tollgate::agent {
namespace {

// Ten records, 100 bytes.
Batch batch(int number) {
    return {fmt::format("{}", number), 10, std::string(100, 'x')};
}

const std::size_t kFrameBytes = encode_frame(batch(1)).size();

struct Stores : ::testing::Test {
    test::TemporaryFolder folder;

    [[nodiscard]] BatchStore with_spool(std::size_t frames = 1000) const {
        return BatchStore{
            std::move(*Spool::open(folder.path() / "spool",
                                   {.bytes = frames * kFrameBytes, .file_bytes = kFrameBytes})),
            300};
    }
};

void push(BatchStore& store, int first, int last) {
    for (int number = first; number <= last; ++number) {
        store.push(batch(number));
    }
}

std::string drain(BatchStore& store) {
    std::string ids;
    while (const auto taken = store.take()) {
        ids += taken->id;
        store.written();
    }
    return ids;
}

// Three numbers that add up to what was pushed.
std::string counted(const BatchStore& store) {
    const SinkCounters counters = store.counters();
    return fmt::format("{} {} {}", counters.written, counters.lost, counters.waiting);
}

TEST_F(Stores, WhatIsSentAtOnceNeverTouchesTheDisk) {
    BatchStore store = with_spool();
    push(store, 1, 3);
    EXPECT_EQ(drain(store), "123");
    EXPECT_EQ(counted(store), "30 0 0");
    EXPECT_TRUE(std::filesystem::is_empty(folder.path() / "spool"));
}

TEST_F(Stores, AfterAFailureAllGoThroughTheSpoolInOrder) {
    BatchStore store = with_spool();
    push(store, 1, 2);
    ASSERT_EQ(store.take()->id, "1");
    EXPECT_EQ(store.take(), std::nullopt) << "one at a time";
    EXPECT_EQ(counted(store), "0 0 20");
    store.put_back();
    EXPECT_FALSE(std::filesystem::is_empty(folder.path() / "spool"));
    push(store, 3, 3);
    EXPECT_EQ(counted(store), "0 0 30");
    EXPECT_EQ(drain(store), "123");
    EXPECT_EQ(counted(store), "30 0 0");
}

TEST_F(Stores, WhatMemoryDoesNotHoldGoesToTheSpool) {
    BatchStore store = with_spool();
    push(store, 1, 5);
    EXPECT_EQ(counted(store), "0 0 50");
    EXPECT_EQ(drain(store), "12345");
}

TEST_F(Stores, WithoutASpoolTheOldestAreLost) {
    BatchStore store{std::nullopt, 300};
    push(store, 1, 5);
    EXPECT_EQ(counted(store), "0 20 30");
    ASSERT_EQ(store.take()->id, "3");
    store.put_back();
    EXPECT_EQ(drain(store), "345");
    EXPECT_EQ(counted(store), "30 20 0");
}

TEST_F(Stores, ABatchThatTheSpoolDropsWhileItIsSentIsCountedOnce) {
    for (const std::string outcome : {"written", "lost", "put back"}) {
        BatchStore store = with_spool(3);
        push(store, 1, 1);
        ASSERT_TRUE(store.take());
        store.put_back();
        push(store, 2, 3);
        ASSERT_EQ(store.take()->id, "1");
        push(store, 4, 4);
        EXPECT_EQ(counted(store), "0 0 40") << "1 may still arrive";
        if (outcome == "written") {
            store.written();
            EXPECT_EQ(counted(store), "10 0 30");
        } else if (outcome == "lost") {
            store.lost();
            EXPECT_EQ(counted(store), "0 10 30");
        } else {
            store.put_back();
            EXPECT_EQ(counted(store), "0 10 30");
        }
        EXPECT_EQ(drain(store), "234");
    }
}

TEST_F(Stores, WhatIsKeptIsThereForTheNextRun) {
    {
        BatchStore store = with_spool();
        push(store, 1, 2);
        ASSERT_TRUE(store.take());
        store.keep();
        EXPECT_EQ(counted(store), "0 0 20");
    }
    BatchStore next = with_spool();
    EXPECT_EQ(counted(next), "0 0 20");
    EXPECT_EQ(drain(next), "12");

    BatchStore without{std::nullopt, 300};
    push(without, 1, 2);
    without.keep();
    EXPECT_EQ(counted(without), "0 20 0");
}

}  // namespace
}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#include "agent/cli/emergency_open.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tollgate/abi/limits.h>
#include <tollgate/abi/policy.h>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::cli {
namespace {

std::string version(int number = TG_ABI_VERSION) {
    return "v" + std::to_string(number);
}

long bpf(bpf_cmd command, bpf_attr& attributes) {
    return ::syscall(__NR_bpf, command, &attributes, sizeof attributes);
}

MATCHER_P(Is, value, "") {
    return arg.has_value() && *arg == value;
}

/// A map pinned where the gate pins its control map; gone at the end of the test.
class PinnedControl : public ::testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0 && std::getenv("CI") == nullptr) {
            GTEST_SKIP() << "needs root";
        }
        pin_dir_ = "/sys/fs/bpf/tollgate-test-" + std::to_string(::getpid());
        ASSERT_TRUE(std::filesystem::create_directories(pin_dir_ / version()));
    }
    void TearDown() override {
        std::error_code ignored;
        std::filesystem::remove_all(pin_dir_, ignored);
    }

    void pin_map(__u32 value_size, const std::string& folder = version()) {
        bpf_attr attributes{};
        attributes.map_type = BPF_MAP_TYPE_ARRAY;
        attributes.key_size = sizeof(__u32);
        attributes.value_size = value_size;
        attributes.max_entries = 1;
        map_.reset(static_cast<int>(bpf(BPF_MAP_CREATE, attributes)));
        ASSERT_TRUE(map_) << "errno " << errno;
        std::filesystem::create_directories(pin_dir_ / folder);
        const std::string path = pin_dir_ / folder / "control";
        attributes = {};
        attributes.pathname = reinterpret_cast<std::uintptr_t>(path.c_str());
        attributes.bpf_fd = static_cast<__u32>(map_.get());
        ASSERT_EQ(bpf(BPF_OBJ_PIN, attributes), 0) << "errno " << errno;
    }

    void access(bpf_cmd command, void* value) {
        const __u32 key = 0;
        bpf_attr attributes{};
        attributes.map_fd = static_cast<__u32>(map_.get());
        attributes.key = reinterpret_cast<std::uintptr_t>(&key);
        attributes.value = reinterpret_cast<std::uintptr_t>(value);
        ASSERT_EQ(bpf(command, attributes), 0) << "errno " << errno;
    }

    std::filesystem::path pin_dir_;
    agent::FileDescriptor map_;
};

TEST_F(PinnedControl, OpeningSetsTheSwitchAndNothingElse) {
    pin_map(sizeof(tg_control));
    tg_control control{.active_slot = 1, .open = 0};
    access(BPF_MAP_UPDATE_ELEM, &control);
    EXPECT_THAT(gate_is_open(pin_dir_), Is(false));
    ASSERT_TRUE(open_gate(pin_dir_));
    EXPECT_THAT(gate_is_open(pin_dir_), Is(true));
    access(BPF_MAP_LOOKUP_ELEM, &control);
    EXPECT_EQ(control.active_slot, 1U);
    EXPECT_EQ(control.open, 1U);
}

TEST_F(PinnedControl, OpeningTwiceIsOpeningOnce) {
    pin_map(sizeof(tg_control));
    ASSERT_TRUE(open_gate(pin_dir_));
    ASSERT_TRUE(open_gate(pin_dir_));
    EXPECT_THAT(gate_is_open(pin_dir_), Is(true));
}

TEST_F(PinnedControl, TheGateOfAnotherVersionIsOpenedToo) {
    pin_map(sizeof(tg_control), version(TG_ABI_VERSION - 1));
    EXPECT_THAT(gate_is_open(pin_dir_), Is(false));
    ASSERT_TRUE(open_gate(pin_dir_));
    tg_control control{};
    access(BPF_MAP_LOOKUP_ELEM, &control);
    EXPECT_EQ(control.open, 1U);
    pin_map(sizeof(tg_control), version(TG_ABI_VERSION + 1));
    EXPECT_THAT(gate_is_open(pin_dir_), Is(false)) << "one of two";
    ASSERT_TRUE(open_gate(pin_dir_));
    EXPECT_THAT(gate_is_open(pin_dir_), Is(true));
}

TEST_F(PinnedControl, WhatCannotBeOpenedKeepsNothingElseShut) {
    pin_map(4 * sizeof(tg_control), version(TG_ABI_VERSION - 1));
    pin_map(sizeof(tg_control), version());
    const auto opened = open_gate(pin_dir_);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code.value(), EINVAL);
    tg_control control{};
    access(BPF_MAP_LOOKUP_ELEM, &control);
    EXPECT_EQ(control.open, 1U);
}

TEST_F(PinnedControl, AMapThatIsNotTheGatesIsLeftAlone) {
    pin_map(4 * sizeof(tg_control));
    const auto opened = open_gate(pin_dir_);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code.value(), EINVAL);
    std::array<std::uint8_t, 4 * sizeof(tg_control)> value{};
    access(BPF_MAP_LOOKUP_ELEM, value.data());
    EXPECT_EQ(value, (std::array<std::uint8_t, 4 * sizeof(tg_control)>{}));
}

TEST_F(PinnedControl, WhatIsInNoFolderOfAVersionIsNotOurs) {
    pin_map(sizeof(tg_control), "video");
    const auto opened = open_gate(pin_dir_);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code.value(), ENOENT);
    tg_control control{};
    access(BPF_MAP_LOOKUP_ELEM, &control);
    EXPECT_EQ(control.open, 0U);
}

TEST_F(PinnedControl, WithoutAGateTheErrorSaysSo) {
    for (const auto& folder : {pin_dir_, pin_dir_ / "nothing"}) {
        const auto opened = open_gate(folder);
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().code.value(), ENOENT);
    }
}

}  // namespace
}  // namespace tollgate::cli

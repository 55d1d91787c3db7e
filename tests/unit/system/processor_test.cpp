// SPDX-License-Identifier: MIT
#include "agent/system/processor.hpp"

#include <gtest/gtest.h>

namespace tollgate::agent {
namespace {

TEST(Processor, Arm32IsKnownByItsKernelsName) {
    for (const char* machine : {"armv6l", "armv7l", "armv8l"}) {
        EXPECT_TRUE(is_arm32(machine)) << machine;
    }
    for (const char* machine : {"", "arm", "aarch64", "arm64", "x86_64", "i686"}) {
        EXPECT_FALSE(is_arm32(machine)) << machine;
    }
}

}  // namespace
}  // namespace tollgate::agent

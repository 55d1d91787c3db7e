// SPDX-License-Identifier: MIT
#include "agent/datapath/requirements.hpp"

#include <cerrno>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tollgate::agent {
namespace {

using ::testing::HasSubstr;

TEST(Requirements, VersionsAreOrderedByTheirParts) {
    EXPECT_LT((KernelVersion{5, 9}), kOldestKernel);
    EXPECT_LT(kOldestKernel, (KernelVersion{5, 11}));
    EXPECT_LT((KernelVersion{5, 19}), (KernelVersion{6, 0}));
    EXPECT_GT(KernelVersion::running().major, 0U);
}

// Case F06
TEST(Requirements, EveryLoadFailureSaysWhatToDo) {
    const Failure permission = explain_load_failure(EPERM, "");
    EXPECT_EQ(permission.value().code.value(), EPERM);
    EXPECT_THAT(permission.value().message(), HasSubstr("root"));
    const Failure memory = explain_load_failure(ENOMEM, "");
    EXPECT_EQ(memory.value().code.value(), ENOMEM);
    EXPECT_THAT(memory.value().message(), HasSubstr("tables"));
}

TEST(Requirements, TheVerifiersLastWordsAreKept) {
    const Failure refused = explain_load_failure(EACCES, "R1 invalid mem access");
    EXPECT_EQ(refused.value().code.value(), EACCES);
    EXPECT_THAT(refused.value().message(), HasSubstr("R1 invalid mem access"));
    EXPECT_THAT(refused.value().message(), HasSubstr("CAP_PERFMON"));
}

}  // namespace
}  // namespace tollgate::agent

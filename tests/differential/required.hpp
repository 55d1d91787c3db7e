// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <cstdlib>

#include <gtest/gtest.h>

/// Fails the test if a Result has no value; without privilege (EPERM) it skips the test instead,
/// unless CI is set: there a skipped test is a failure.
#define TOLLGATE_REQUIRE(result)                                                                   \
    do {                                                                                           \
        if (!(result) && (result).error().code.value() == EPERM && std::getenv("CI") == nullptr) { \
            GTEST_SKIP() << "needs root: " << (result).error().message();                          \
        }                                                                                          \
        if (!(result)) {                                                                           \
            FAIL() << (result).error().message();                                                  \
        }                                                                                          \
    } while (false)

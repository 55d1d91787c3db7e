// SPDX-License-Identifier: MIT
#include "agent/datapath/attach_xdp.hpp"

#include <cerrno>

#include <gtest/gtest.h>

namespace tollgate::agent {
namespace {

// virtio_net before 2021: ENOMEM with less than two queues for each CPU; ena: EINVAL; veth with a
// large MTU: ERANGE; drivers without XDP: EOPNOTSUPP.
TEST(AttachXdp, WhatADriverRefusesIsTriedOnTheNextRung) {
    for (const int error : {EOPNOTSUPP, EINVAL, ERANGE, ENOMEM, ENOSPC}) {
        EXPECT_TRUE(another_rung_may_do(error)) << error;
    }
}

TEST(AttachXdp, WhatNoRungCanHelpEndsTheLadder) {
    for (const int error : {EPERM, ENODEV, EBUSY, EEXIST}) {
        EXPECT_FALSE(another_rung_may_do(error)) << error;
    }
}

}  // namespace
}  // namespace tollgate::agent

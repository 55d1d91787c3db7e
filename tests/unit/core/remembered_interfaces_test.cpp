// SPDX-License-Identifier: MIT
#include "agent/core/remembered_interfaces.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/system/file.hpp"
#include "tests/support/temporary_folder.hpp"

namespace tollgate::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(RememberedInterfaces, AreThoseThatWereWrittenLast) {
    const test::TemporaryFolder folder;
    EXPECT_THAT(remembered_interfaces(folder.path()), IsEmpty());
    ASSERT_TRUE(remember_interfaces(folder.path(), {"eth0"}));
    ASSERT_TRUE(remember_interfaces(folder.path(), {"eth1", "wwan0"}));
    EXPECT_THAT(remembered_interfaces(folder.path()), ElementsAre("eth1", "wwan0"));
}

TEST(RememberedInterfaces, StayWhenThereIsNoDefaultRoute) {
    const test::TemporaryFolder folder;
    ASSERT_TRUE(remember_interfaces(folder.path(), {"eth0"}));
    ASSERT_TRUE(remember_interfaces(folder.path(), {}));
    EXPECT_THAT(remembered_interfaces(folder.path()), ElementsAre("eth0"));
}

TEST(RememberedInterfaces, AreNoneIfAnythingInTheFileIsNoName) {
    const test::TemporaryFolder folder;
    for (const char* text : {"eth0\n../../etc\n", "eth0\n\n", "a-name-of-sixteen\n"}) {
        ASSERT_TRUE(write_file(folder.path() / "auto-interfaces", text));
        EXPECT_THAT(remembered_interfaces(folder.path()), IsEmpty()) << text;
    }
}

}  // namespace
}  // namespace tollgate::agent

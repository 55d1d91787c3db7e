// SPDX-License-Identifier: MIT
#include "agent/control/request.hpp"

#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace tollgate::agent {
namespace {

using ::testing::HasSubstr;

// They are kept with every change; state.json has a limit.
TEST(Request, TextsThatAreKeptAreShort) {
    const std::string fits(256, 'a');
    const std::string longer(257, 'a');
    EXPECT_TRUE(read_change(fmt::format(R"({{"by":"{}"}})", fits)));
    EXPECT_TRUE(read_decision(fmt::format(R"({{"all":true,"by":"{}"}})", fits)));
    const auto by = read_change(fmt::format(R"({{"by":"{}"}})", longer));
    ASSERT_FALSE(by);
    EXPECT_THAT(by.error().message, HasSubstr("by has a value of the wrong type, or too long"));
    EXPECT_FALSE(read_decision(fmt::format(R"({{"all":true,"by":"{}"}})", longer)));
    for (const char* text : {"remote", "local", "tty"}) {
        const auto session =
            read_change(fmt::format(R"({{"clientSession":{{"{}":"{}"}}}})", text, longer));
        ASSERT_FALSE(session) << text;
        EXPECT_THAT(session.error().message, HasSubstr(text));
    }
}

}  // namespace
}  // namespace tollgate::agent

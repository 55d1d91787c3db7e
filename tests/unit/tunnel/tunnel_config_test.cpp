// SPDX-License-Identifier: MIT
#include "agent/tunnel/tunnel_config.hpp"

#include <gtest/gtest.h>

namespace tollgate::agent {
namespace {

std::string shown(std::string_view text) {
    const auto prefix = parse_allowed_ip(text);
    return prefix ? format_allowed_ip(*prefix) : "refused";
}

TEST(AllowedIpText, ASingleAddressIsAHost) {
    EXPECT_EQ(shown("192.0.2.1"), "192.0.2.1/32");
    EXPECT_EQ(shown("2001:db8::1"), "2001:db8::1/128");
}

TEST(AllowedIpText, HostBitsAreCleared) {
    EXPECT_EQ(shown("192.0.2.1/24"), "192.0.2.0/24");
    EXPECT_EQ(shown("192.0.2.255/31"), "192.0.2.254/31");
    EXPECT_EQ(shown("2001:db8::1/32"), "2001:db8::/32");
    EXPECT_EQ(shown("255.255.255.255/0"), "0.0.0.0/0");
    EXPECT_EQ(shown("ffff::1/0"), "::/0");
}

TEST(AllowedIpText, RefusesWhatIsNone) {
    for (const auto* text : {"",
                             "/",
                             "192.0.2.1/",
                             "192.0.2.1/33",
                             "192.0.2.1/-1",
                             "192.0.2.1/ 8",
                             "192.0.2.1/08",
                             "192.0.2.1/8/8",
                             "192.0.2",
                             "2001:db8::/129",
                             "::ffff:192.0.2.1/128",
                             "example.org/32"}) {
        EXPECT_EQ(shown(text), "refused") << text;
    }
}

}  // namespace
}  // namespace tollgate::agent

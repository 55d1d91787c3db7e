// SPDX-License-Identifier: MIT
#include "agent/tunnel/endpoint.hpp"

#include <gtest/gtest.h>

namespace tollgate::agent {
namespace {

TEST(Endpoint, ReadsWhatItWrites) {
    for (const char* text : {"192.0.2.1:51820", "[2001:db8::1]:1", "[fe80::1%2]:65535"}) {
        const auto endpoint = Endpoint::parse(text);
        ASSERT_TRUE(endpoint) << text;
        EXPECT_TRUE(endpoint->is_known());
        EXPECT_EQ(endpoint->to_string(), text);
    }
}

TEST(Endpoint, TakesTheNameOfAnInterfaceAsScope) {
    const auto endpoint = Endpoint::parse("[fe80::1%lo]:51820");
    ASSERT_TRUE(endpoint);
    EXPECT_EQ(endpoint->scope, 1U);
}

TEST(Endpoint, RefusesWhatIsNoEndpoint) {
    for (const char* text : {"",
                             ":",
                             "192.0.2.1",
                             "192.0.2.1:",
                             "192.0.2.1:0",
                             "192.0.2.1:080",
                             "192.0.2.1:65536",
                             "192.0.2.1:+1",
                             "[192.0.2.1]:1",
                             "2001:db8::1:51820",
                             "[2001:db8::1]51820",
                             "[]:1",
                             "[:1",
                             "]:1",
                             "[2001:db8::1%lo]:1",
                             "[2001:db8::1%]:1",
                             "[2001:db8::1%0]:1",
                             "[fe80::1]:1",
                             "[fe80::1%]:1",
                             "[fe80::1%no-such-one]:1",
                             "peer.example:51820"}) {
        EXPECT_FALSE(Endpoint::parse(text)) << text;
    }
}

TEST(Endpoint, IsTheSamePlaceWhateverOurSideIs) {
    Endpoint one = *Endpoint::parse("192.0.2.1:51820");
    Endpoint other = one;
    other.local = *IpAddress::parse("192.0.2.2");
    other.local_interface = 3;
    EXPECT_TRUE(one.same_place(other));
    other.port = 51821;
    EXPECT_FALSE(one.same_place(other));
}

}  // namespace
}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#include "agent/tunnel/host_port.hpp"

#include <gtest/gtest.h>

namespace tollgate::agent {
namespace {

TEST(HostPort, NamesAndAddressesKeepTheirText) {
    for (const auto* text : {"gate.example.org:51820",
                             "gate:1",
                             "1.pool.example.org:65535",
                             "192.0.2.1:51820",
                             "[2001:db8::1]:51820",
                             "[fe80::1%eth0]:51820"}) {
        const auto parsed = HostPort::parse(text);
        ASSERT_TRUE(parsed) << text;
        EXPECT_EQ(parsed->to_string(), text);
    }
    EXPECT_EQ(HostPort::parse("[2001:db8::1]:7")->host, "2001:db8::1");
}

TEST(HostPort, RefusesWhatIsNone) {
    for (const auto* text : {"",
                             ":",
                             "gate.example.org",
                             "gate.example.org:",
                             "gate.example.org:0",
                             "gate.example.org:65536",
                             "gate.example.org:http",
                             ":51820",
                             ".example.org:1",
                             "gate..org:1",
                             "-gate:1",
                             "ga te:1",
                             "gate;reboot:1",
                             "192.0.2:1",
                             "192.0.2.256:1",
                             "[192.0.2.1]:1",
                             "[gate]:1",
                             "2001:db8::1:51820",
                             "[fe80::1%]:1",
                             "[fe80::1%a/b]:1"}) {
        EXPECT_FALSE(HostPort::parse(text)) << text;
    }
}

TEST(HostPort, ANameHas253CharactersAtMost) {
    EXPECT_TRUE(HostPort::parse(std::string(253, 'a') + ":1"));
    EXPECT_FALSE(HostPort::parse(std::string(254, 'a') + ":1"));
}

}  // namespace
}  // namespace tollgate::agent

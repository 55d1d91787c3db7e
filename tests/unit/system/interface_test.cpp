// SPDX-License-Identifier: MIT
#include "agent/system/interface.hpp"

#include <algorithm>
#include <cerrno>

#include <gtest/gtest.h>

namespace tollgate::agent {
namespace {

// Case C10
TEST(Interface, NamesAreThoseOfTheKernelAndSafeAsFileNames) {
    EXPECT_TRUE(is_interface_name("eth0"));
    EXPECT_TRUE(is_interface_name("123456789012345"));
    EXPECT_TRUE(is_interface_name("enp3s0.100"));
    EXPECT_FALSE(is_interface_name("1234567890123456"));
    for (const char* name : {"", ".", "..", "a/b", "a b", "a:b", "a\n"}) {
        EXPECT_FALSE(is_interface_name(name)) << name;
    }
}

TEST(Interface, LoopbackHasAnIndexAndANameInEveryNamespace) {
    const unsigned index = interface_index("lo").value();
    EXPECT_EQ(interface_name(index), "lo");
    const auto all = interfaces();
    EXPECT_NE(std::find(all.begin(), all.end(), "lo"), all.end());
}

TEST(Interface, OneThatDoesNotExistIsNamed) {
    const auto missing = interface_index("no-such-if");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code.value(), ENODEV);
    EXPECT_NE(missing.error().message().find("no-such-if"), std::string::npos);
    EXPECT_EQ(interface_addresses("no-such-if").error().code.value(), ENODEV);
    EXPECT_EQ(interface_name(2'000'000'000), "");
}

TEST(Interface, ANetworkHoldsItsAddress) {
    for (const auto& name : interfaces()) {
        const auto addresses = interface_addresses(name).value();
        for (const auto& entry : addresses) {
            EXPECT_TRUE(entry.network.contains(entry.address)) << entry.address.to_string();
            EXPECT_EQ(entry.network.address.is_ipv4(), entry.address.is_ipv4());
        }
    }
}

}  // namespace
}  // namespace tollgate::agent

// SPDX-License-Identifier: MIT
#include "policy/domain.hpp"

#include <gtest/gtest.h>

namespace {

using tollgate::policy::registered_domain;

TEST(Domain, IsTheLastTwoLabels) {
    EXPECT_EQ(registered_domain("example.com"), "example.com");
    EXPECT_EQ(registered_domain("a.b.example.com"), "example.com");
}

TEST(Domain, IsTheLastThreeLabelsUnderACountrysRegistry) {
    EXPECT_EQ(registered_domain("ota.example.co.uk"), "example.co.uk");
    EXPECT_EQ(registered_domain("example.com.au"), "example.com.au");
    EXPECT_EQ(registered_domain("co.uk"), "");
}

TEST(Domain, ARegistryLabelUnderAGenericDomainIsAnOrdinaryName) {
    EXPECT_EQ(registered_domain("a.com.info"), "com.info");
}

TEST(Domain, NeighboursOnSharedHostsHaveNoDomainInCommon) {
    EXPECT_EQ(registered_domain("abc.iot.us-west-2.amazonaws.com"), "");
    EXPECT_EQ(registered_domain("amazonaws.com"), "");
    EXPECT_EQ(registered_domain("0.pool.ntp.org"), "");
    EXPECT_EQ(registered_domain("notamazonaws.com"), "notamazonaws.com");
}

TEST(Domain, SingleLabelsAndAddressesHaveNone) {
    EXPECT_EQ(registered_domain(""), "");
    EXPECT_EQ(registered_domain("router"), "");
    EXPECT_EQ(registered_domain("192.0.2.1"), "");
}

}  // namespace

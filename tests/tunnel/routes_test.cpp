// SPDX-License-Identifier: MIT
#include "agent/system/routes.hpp"

#include <cerrno>
#include <optional>

#include <gmock/gmock.h>

#include "tests/support/netns.hpp"

namespace tollgate::test {
namespace {

using agent::add_address;
using agent::add_route;
using agent::InterfaceAddress;
using agent::remove_address;
using agent::remove_route;
using agent::route_mtu;
using ::testing::HasSubstr;

InterfaceAddress address_of(const std::string& address, const std::string& network) {
    return {*IpAddress::parse(address), *Prefix::parse(network)};
}

/// A host with the interface eth0, 192.0.2.1/24 of MTU 1500, and another, wg0, without addresses.
class Routes : public RootTest {
  protected:
    void SetUp() override {
        RootTest::SetUp();
        if (IsSkipped() || HasFatalFailure()) {
            return;
        }
        host.emplace("host");
        add_lonely_eth0(*host);
        host->ip({"link", "add", "wg0", "up", "type", "veth", "peer", "name", "wire1"});
        host->ip({"link", "set", "wire1", "up"});
        inside.emplace(*host);
        ASSERT_EQ(run_command({"sysctl", "-qw", "net.ipv6.conf.wg0.disable_ipv6=0"}), 0);
        wg0 = agent::interface_index("wg0").value();
    }
    [[nodiscard]] std::string show(const std::vector<std::string>& what) const {
        std::vector<std::string> command{"ip", "-n", host->name()};
        command.insert(command.end(), what.begin(), what.end());
        return output_of(command);
    }

    std::optional<NetworkNamespace> host;
    std::optional<Inside> inside;
    unsigned wg0 = 0;
};

TEST_F(Routes, AnAddressComesWithItsNetworkAndGoes) {
    const auto ipv4 = address_of("10.9.0.1", "10.9.0.0/24");
    const auto ipv6 = address_of("fd09::1", "fd09::/64");
    for (const auto& address : {ipv4, ipv6}) {
        EXPECT_TRUE(add_address(wg0, address));
        EXPECT_EQ(add_address(wg0, address).error().code.value(), EEXIST);
    }
    EXPECT_THAT(show({"addr", "show", "wg0"}), HasSubstr("inet 10.9.0.1/24 "));
    EXPECT_THAT(show({"addr", "show", "wg0"}), HasSubstr("inet6 fd09::1/64 scope global nodad"));
    EXPECT_THAT(show({"route"}), HasSubstr("10.9.0.0/24 dev wg0"));
    for (const auto& address : {ipv4, ipv6}) {
        EXPECT_TRUE(remove_address(wg0, address));
        EXPECT_EQ(remove_address(wg0, address).error().code.value(), EADDRNOTAVAIL);
    }
}

TEST_F(Routes, ARouteIsMadeOnceAndGoes) {
    for (const char* text : {"10.77.0.0/16", "fd77::/32", "198.51.100.7"}) {
        const auto network = *Prefix::parse(text);
        EXPECT_TRUE(add_route(wg0, network)) << text;
        EXPECT_EQ(add_route(wg0, network).error().code.value(), EEXIST);
        EXPECT_TRUE(remove_route(wg0, network));
        EXPECT_EQ(remove_route(wg0, network).error().code.value(), ESRCH);
    }
}

TEST_F(Routes, AnothersRouteIsNotReplaced) {
    EXPECT_EQ(add_route(wg0, *Prefix::parse("192.0.2.0/24")).error().code.value(), EEXIST);
    EXPECT_THAT(show({"route"}), HasSubstr("192.0.2.0/24 dev eth0"));
}

TEST_F(Routes, TheMtuOfAWayIsTheRoutesOrItsInterfaces) {
    const auto there = *IpAddress::parse("192.0.2.9");
    EXPECT_EQ(route_mtu(there, 0).value(), 1500U);
    host->ip({"route", "add", "192.0.2.8/29", "dev", "eth0", "mtu", "1300"});
    EXPECT_EQ(route_mtu(there, 0).value(), 1300U);
    EXPECT_EQ(route_mtu(*IpAddress::parse("203.0.113.1"), 0).error().code.value(), ENETUNREACH);
}

TEST_F(Routes, AMarkChoosesTheWay) {
    host->ip({"route", "add", "192.0.2.8/29", "dev", "eth0", "mtu", "1300", "table", "77"});
    host->ip({"rule", "add", "fwmark", "5", "table", "77"});
    const auto there = *IpAddress::parse("192.0.2.9");
    EXPECT_EQ(route_mtu(there, 0).value(), 1500U);
    EXPECT_EQ(route_mtu(there, 5).value(), 1300U);
}

TEST_F(Routes, AnInterfaceGetsAnotherMtu) {
    EXPECT_TRUE(agent::set_mtu(wg0, 1300));
    EXPECT_THAT(show({"link", "show", "wg0"}), HasSubstr("mtu 1300"));
    EXPECT_FALSE(agent::set_mtu(9999, 1300));
}

TEST_F(Routes, AreListedByTheInterfaceThatTheyLeadThrough) {
    const std::vector<Prefix> networks{*Prefix::parse("10.77.0.0/16"), *Prefix::parse("fd77::/64")};
    for (const Prefix& network : networks) {
        ASSERT_TRUE(add_route(wg0, network));
    }
    EXPECT_EQ(agent::routes_through(wg0).value(), networks);
    EXPECT_THAT(agent::routes_through(1).value(), ::testing::IsEmpty());
}

TEST_F(Routes, AnInterfaceIsKnownAgainByItsAlias) {
    EXPECT_EQ(agent::alias_of(wg0).value(), "");
    ASSERT_TRUE(agent::set_alias(wg0, "a tunnel"));
    EXPECT_EQ(agent::alias_of(wg0).value(), "a tunnel");
    EXPECT_THAT(show({"link", "show", "wg0"}), HasSubstr("alias a tunnel"));
    EXPECT_FALSE(agent::alias_of(9999));
}

}  // namespace
}  // namespace tollgate::test

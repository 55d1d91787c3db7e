// SPDX-License-Identifier: MIT
#include "agent/system/default_route.hpp"

#include <gmock/gmock.h>

#include "tests/support/netns.hpp"

namespace tollgate::test {
namespace {

using agent::default_route_interfaces;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class DefaultRoute : public RootTest {};

TEST_F(DefaultRoute, IsThatOfEitherFamilyAndNoOther) {
    const NetworkNamespace host{"host"};
    for (const std::string name : {"eth0", "eth1", "eth2"}) {
        host.ip({"link", "add", name, "up", "type", "veth", "peer", "name", "far-" + name});
        host.ip({"link", "set", "far-" + name, "up"});
    }
    const Inside inside{host};
    ASSERT_TRUE(default_route_interfaces());
    EXPECT_THAT(*default_route_interfaces(), IsEmpty());

    host.ip({"addr", "add", "192.0.2.1/24", "dev", "eth0"});
    host.ip({"addr", "add", "198.51.100.1/24", "dev", "eth2"});
    host.ip({"route", "add", "203.0.113.0/24", "via", "198.51.100.9"});
    host.ip({"route", "add", "default", "via", "192.0.2.9"});
    EXPECT_THAT(*default_route_interfaces(), ElementsAre("eth0"));

    for (const std::string name : {"eth0", "eth1"}) {
        ASSERT_EQ(run_command({"sysctl", "-qw", "net.ipv6.conf." + name + ".disable_ipv6=0"}), 0);
    }
    host.ip({"-6", "route", "add", "default", "dev", "eth1"});
    host.ip({"-6", "route", "add", "default", "dev", "eth0", "metric", "2048"});
    EXPECT_THAT(*default_route_interfaces(), ElementsAre("eth0", "eth1"));
}

}  // namespace
}  // namespace tollgate::test

// SPDX-License-Identifier: MIT
#include "agent/core/config_file.hpp"

#include <fstream>
#include <string>

#include <gmock/gmock.h>

#include "agent/flowlog/settings.hpp"
#include "tests/support/temporary_folder.hpp"

namespace tollgate::agent {
namespace {

using testing::HasSubstr;

TEST(ConfigFile, TheAnnotatedExampleOfATunnelIsRead) {
    const auto file = read_config_file("examples/tunnel.yaml");
    ASSERT_TRUE(file) << file.error().message();
    ASSERT_EQ(file->tunnels.size(), 1U);
    EXPECT_EQ(file->tunnels[0].name, "wg0");
    ASSERT_EQ(file->tunnels[0].peers.size(), 2U);
    EXPECT_EQ(file->tunnels[0].peers[0].name, "camera");
    EXPECT_FALSE(file->agent.interfaces.empty());
}

TEST(ConfigFile, ProblemsOfTheAgentAndOfItsTunnelsAreToldTogether) {
    const test::TemporaryFolder folder;
    const auto path = folder.path() / "tollgate.yaml";
    std::ofstream{path} << "apiVersion: tollgate/v1\nkind: Agent\nlogLevel: loud\ntunnels:\n"
                           "  - name: wg0\n    mtu: 1\n";
    const auto file = read_config_file(path);
    ASSERT_FALSE(file);
    EXPECT_THAT(file.error().message(), HasSubstr(path.string() + ":3:11: error: logLevel"));
    EXPECT_THAT(file.error().message(), HasSubstr(path.string() + ":6:10: error: mtu"));
}

TEST(ConfigFile, TheAnnotatedExampleOfAFlowLogIsRead) {
    const auto file = read_config_file("examples/flow-log.yaml");
    ASSERT_TRUE(file) << file.error().message();
    ASSERT_TRUE(file->flow_log);
    EXPECT_EQ(file->flow_log->sinks.size(), 2U);
    EXPECT_TRUE(make_sinks(*file->flow_log));
}

TEST(ConfigFile, ProblemsOfTheFlowLogAreTold) {
    const test::TemporaryFolder folder;
    const auto path = folder.path() / "tollgate.yaml";
    std::ofstream{path} << "apiVersion: tollgate/v1\nkind: Agent\nflowLog:\n  interval: 0\n"
                           "  sinks: [{type: file}]\n";
    const auto file = read_config_file(path);
    ASSERT_FALSE(file);
    EXPECT_THAT(file.error().message(), HasSubstr(path.string() + ":4:13: error: interval"));
}

// Cases C07, C10
TEST(ConfigFile, NamesAndAddressesThatCannotBeAreToldWithTheirPlace) {
    const test::TemporaryFolder folder;
    const auto path = folder.path() / "tollgate.yaml";
    std::ofstream{path} << "apiVersion: tollgate/v1\nkind: Agent\n"
                           "interfaces: [eth0, ../x, a-name-of-sixteen]\n"
                           "metrics: 127.0.0.1:70000\npolicyReach: ['192.0.2.1']\n";
    const auto file = read_config_file(path);
    ASSERT_FALSE(file);
    for (const char* place : {":3:20: error: '../x' is no name of an interface",
                              ":3:26: error: 'a-name-of-sixteen' is no name",
                              ":4:10: error: '127.0.0.1:70000' is no ADDRESS:PORT",
                              ":5:15: error: '192.0.2.1' is no ADDRESS:PORT"}) {
        EXPECT_THAT(file.error().message(), HasSubstr(path.string() + place));
    }
}

TEST(ConfigFile, ThatIsAbsentSaysSo) {
    const auto file = read_config_file("/nowhere/tollgate.yaml");
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, std::errc::no_such_file_or_directory);
}

}  // namespace
}  // namespace tollgate::agent
